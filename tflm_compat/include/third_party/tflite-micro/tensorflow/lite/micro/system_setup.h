// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/system_setup.h"  // IWYU pragma: export
