// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/schema/schema_generated.h"  // IWYU pragma: export
