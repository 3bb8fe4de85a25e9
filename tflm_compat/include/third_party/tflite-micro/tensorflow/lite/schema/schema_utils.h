// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/schema/schema_utils.h"  // IWYU pragma: export
