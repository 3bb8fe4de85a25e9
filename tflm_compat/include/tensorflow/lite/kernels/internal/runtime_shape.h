// Where current TFLM has RuntimeShape.
#pragma once

#include "tensorflow/lite/kernels/internal/types.h"  // IWYU pragma: export
