// The Arduino library TensorFlowLite_ESP32 is chosen by including this. Like theirs, it
// declares next to nothing: sketches include TFLM's own headers after it.
#ifndef TINYENGINE_TF_TENSORFLOWLITE_ESP32_H_
#define TINYENGINE_TF_TENSORFLOWLITE_ESP32_H_

#include "tensorflow/lite/micro/system_setup.h"

#endif  // TINYENGINE_TF_TENSORFLOWLITE_ESP32_H_
