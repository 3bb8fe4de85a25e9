// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/micro_log.h"  // IWYU pragma: export
