// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/memory_helpers.h"  // IWYU pragma: export
