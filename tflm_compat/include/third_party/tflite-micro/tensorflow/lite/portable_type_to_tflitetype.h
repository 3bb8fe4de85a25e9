// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/portable_type_to_tflitetype.h"  // IWYU pragma: export
