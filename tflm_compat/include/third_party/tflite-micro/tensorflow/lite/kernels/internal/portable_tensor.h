// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/kernels/internal/portable_tensor.h"  // IWYU pragma: export
