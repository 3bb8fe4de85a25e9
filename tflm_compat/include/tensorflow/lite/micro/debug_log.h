// DebugLog, a port's text output. Firmware may define it, with either of TFLM's signatures, or only call it.
#ifndef TINYENGINE_TF_TFLM_DEBUG_LOG_H_
#define TINYENGINE_TF_TFLM_DEBUG_LOG_H_

#ifdef __cplusplus

// TFLM's generic Cortex-M port includes this header inside of extern "C".
extern "C++" {

#include <cstdarg>
#include <cstddef>

#include "tinyengine_tf/tflm_platform.h"

// Templates, because any plain declaration would contradict one of the two signatures that firmware may define.
template <typename Char>
inline void DebugLog(const Char* text) {
  tinyengine_tf::Print("%s", text);
}

template <typename Char, typename Arguments>
inline void DebugLog(const Char* format, Arguments args) {
  tinyengine_tf::VPrint(format, args);
}

template <typename Char>
inline int DebugVsnprintf(Char* buffer, size_t buf_size, const char* format, va_list vlist) {
  return tinyengine_tf::VPrintToBuffer(buffer, buf_size, format, vlist);
}

}  // extern "C++"

#else

#include <stdarg.h>
#include <stddef.h>

void DebugLog(const char* format, va_list args);

#endif

#endif  // TINYENGINE_TF_TFLM_DEBUG_LOG_H_
