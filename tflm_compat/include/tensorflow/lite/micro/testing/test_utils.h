// Where TFLM until 2021 had the tensors for tests.
#pragma once

#include "tensorflow/lite/micro/test_helpers.h"  // IWYU pragma: export
