// MicroVsnprintf and MicroSnprintf, where TFLM until 2023 declared them.
#pragma once

#include "tensorflow/lite/micro/micro_log.h"  // IWYU pragma: export
