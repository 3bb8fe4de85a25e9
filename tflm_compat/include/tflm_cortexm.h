// EloquentTinyML's Arduino library tflm_cortexm is chosen by including this.
#pragma once

#include "tinyengine_tf/tflm_eloquent.h"  // IWYU pragma: export
