// Text output of TFLM's generic Cortex-M port: the firmware registers a function that takes finished text.
#ifndef TINYENGINE_TF_TFLM_DEBUG_LOG_CALLBACK_H_
#define TINYENGINE_TF_TFLM_DEBUG_LOG_CALLBACK_H_

#include "tinyengine_tf/tflm_platform.h"

extern "C" {
typedef void (*DebugLogCallback)(const char* s);
}

inline void RegisterDebugLogCallback(DebugLogCallback callback) {
  tinyengine_tf::DebugLogCallbackSlot<>::callback = callback;
}

#endif  // TINYENGINE_TF_TFLM_DEBUG_LOG_CALLBACK_H_
