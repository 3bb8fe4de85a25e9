// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/core/api/error_reporter.h"  // IWYU pragma: export
