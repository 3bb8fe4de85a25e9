// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/micro_resource_variable.h"  // IWYU pragma: export
