// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/micro_error_reporter.h"  // IWYU pragma: export
