// The path that firmware includes; the declarations are in core/c, as in TFLM.
#pragma once

#include "tensorflow/lite/core/c/c_api_types.h"  // IWYU pragma: export
