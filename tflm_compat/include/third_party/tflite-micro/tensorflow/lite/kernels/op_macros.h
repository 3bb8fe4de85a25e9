// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/kernels/op_macros.h"  // IWYU pragma: export
