// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/kernels/internal/max.h"  // IWYU pragma: export
