// The Arduino library MicroTensorFlowLite is chosen by including this. Like theirs, it
// declares next to nothing: sketches include TFLM's own headers after it.
#ifndef TINYENGINE_TF_MICROTENSORFLOWLITE_H_
#define TINYENGINE_TF_MICROTENSORFLOWLITE_H_

#include "tensorflow/lite/micro/system_setup.h"

#endif  // TINYENGINE_TF_MICROTENSORFLOWLITE_H_
