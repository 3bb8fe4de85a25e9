// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/c/c_api_types.h"  // IWYU pragma: export
