// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/testing/micro_test.h"  // IWYU pragma: export
