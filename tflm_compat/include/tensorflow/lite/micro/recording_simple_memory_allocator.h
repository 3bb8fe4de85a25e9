// Included beside the interpreter by some firmware; the arena is handed to the interpreter as ever.
#pragma once

#include "tensorflow/lite/micro/recording_micro_allocator.h"  // IWYU pragma: export
