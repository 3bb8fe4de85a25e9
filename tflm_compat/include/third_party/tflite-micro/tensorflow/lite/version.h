// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/version.h"  // IWYU pragma: export
