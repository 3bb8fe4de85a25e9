// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"  // IWYU pragma: export
