// Where TFLM until 2021 had it.
#pragma once

#include "tensorflow/lite/micro/benchmarks/micro_benchmark.h"  // IWYU pragma: export
