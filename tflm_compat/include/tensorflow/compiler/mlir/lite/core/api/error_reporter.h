// Where current TFLM keeps it.
#pragma once

#include "tensorflow/lite/core/api/error_reporter.h"  // IWYU pragma: export
