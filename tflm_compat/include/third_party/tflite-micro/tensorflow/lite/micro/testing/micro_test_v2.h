// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/testing/micro_test_v2.h"  // IWYU pragma: export
