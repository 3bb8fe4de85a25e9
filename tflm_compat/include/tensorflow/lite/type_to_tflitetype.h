// Firmware of other years includes it by this name.
#pragma once

#include "tensorflow/lite/portable_type_to_tflitetype.h"  // IWYU pragma: export
