// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/kernels/micro_ops.h"  // IWYU pragma: export
