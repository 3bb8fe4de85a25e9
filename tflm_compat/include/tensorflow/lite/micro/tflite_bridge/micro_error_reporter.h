// Where TFLM moved it in 2022.
#pragma once

#include "tensorflow/lite/micro/micro_error_reporter.h"  // IWYU pragma: export
