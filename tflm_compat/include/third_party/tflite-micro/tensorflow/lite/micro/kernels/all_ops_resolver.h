// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/kernels/all_ops_resolver.h"  // IWYU pragma: export
