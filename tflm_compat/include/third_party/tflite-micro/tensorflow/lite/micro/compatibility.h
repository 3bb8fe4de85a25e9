// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/compatibility.h"  // IWYU pragma: export
