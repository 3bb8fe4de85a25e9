// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"  // IWYU pragma: export
