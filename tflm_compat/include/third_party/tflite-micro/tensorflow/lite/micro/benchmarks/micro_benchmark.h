// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/benchmarks/micro_benchmark.h"  // IWYU pragma: export
