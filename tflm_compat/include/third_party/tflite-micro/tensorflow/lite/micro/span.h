// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/span.h"  // IWYU pragma: export
