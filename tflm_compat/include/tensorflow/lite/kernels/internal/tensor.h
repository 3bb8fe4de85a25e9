// GetTensorData, where applications look for it, too.
#pragma once

#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"  // IWYU pragma: export
