// Text output of TFLM's generic Cortex-M port: the firmware registers a function that takes finished text.
#ifndef TINYENGINE_TF_TFLM_DEBUG_LOG_CALLBACK_H_
#define TINYENGINE_TF_TFLM_DEBUG_LOG_CALLBACK_H_

extern "C++" {

#include "tinyengine_tf/tflm_platform.h"

extern "C" {
typedef void (*DebugLogCallback)(const char* s);
}

// A template, because a copy of that port in the firmware defines a plain function of this name.
template <typename Char>
inline void RegisterDebugLogCallback(void (*callback)(const Char*)) {
  tinyengine_tf::DebugLogCallbackSlot<>::callback = callback;
}

inline void RegisterDebugLogCallback(std::nullptr_t) { tinyengine_tf::DebugLogCallbackSlot<>::callback = nullptr; }

}  // extern "C++"

#endif  // TINYENGINE_TF_TFLM_DEBUG_LOG_CALLBACK_H_
