// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/debug_log.h"  // IWYU pragma: export
