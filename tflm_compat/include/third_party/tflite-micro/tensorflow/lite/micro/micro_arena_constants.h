// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/micro_arena_constants.h"  // IWYU pragma: export
