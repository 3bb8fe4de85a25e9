// The registrations of this kernel; all are declared in one place.
#pragma once

#include "tensorflow/lite/micro/kernels/micro_ops.h"  // IWYU pragma: export
