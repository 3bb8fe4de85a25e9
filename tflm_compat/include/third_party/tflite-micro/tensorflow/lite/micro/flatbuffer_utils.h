// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/flatbuffer_utils.h"  // IWYU pragma: export
