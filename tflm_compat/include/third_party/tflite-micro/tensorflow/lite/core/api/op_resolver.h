// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/core/api/op_resolver.h"  // IWYU pragma: export
