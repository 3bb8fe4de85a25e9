// Where current TFLM keeps it.
#pragma once

#include "tensorflow/lite/schema/schema_utils.h"  // IWYU pragma: export
