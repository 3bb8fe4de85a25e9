// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/micro_profiler_interface.h"  // IWYU pragma: export
