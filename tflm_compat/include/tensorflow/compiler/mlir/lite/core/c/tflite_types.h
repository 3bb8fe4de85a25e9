// Where current TFLM keeps the element types.
#pragma once

#include "tensorflow/lite/core/c/c_api_types.h"  // IWYU pragma: export
