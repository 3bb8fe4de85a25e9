// Where current TFLM keeps it.
#pragma once

#include "tensorflow/lite/schema/schema_generated.h"  // IWYU pragma: export
