// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/c/common.h"  // IWYU pragma: export
