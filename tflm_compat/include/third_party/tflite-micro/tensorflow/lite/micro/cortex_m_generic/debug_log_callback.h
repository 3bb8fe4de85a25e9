// Below this prefix Coral's SDK includes TFLM.
#pragma once

#include "tensorflow/lite/micro/cortex_m_generic/debug_log_callback.h"  // IWYU pragma: export
