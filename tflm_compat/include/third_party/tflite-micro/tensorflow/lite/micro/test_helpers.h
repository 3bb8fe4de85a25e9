// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/test_helpers.h"  // IWYU pragma: export
