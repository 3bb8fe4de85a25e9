// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/kernels/internal/runtime_shape.h"  // IWYU pragma: export
