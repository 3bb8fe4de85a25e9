// MicroPrintf and its relatives. With TF_LITE_STRIP_ERROR_STRINGS they vanish, texts included.
#ifndef TINYENGINE_TF_TFLM_MICRO_LOG_H_
#define TINYENGINE_TF_TFLM_MICRO_LOG_H_

#include <cstdarg>
#include <cstddef>

#if !defined(TF_LITE_STRIP_ERROR_STRINGS)

#include "tinyengine_tf/tflm_platform.h"

inline void VMicroPrintf(const char* format, va_list args) {
  tinyengine_tf::VPrint(format, args);
  tinyengine_tf::Print("\r\n");
}

inline void MicroPrintf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  VMicroPrintf(format, args);
  va_end(args);
}

inline int MicroVsnprintf(char* buffer, size_t buf_size, const char* format, va_list vlist) {
  return tinyengine_tf::VPrintToBuffer(buffer, buf_size, format, vlist);
}

inline int MicroSnprintf(char* buffer, size_t buf_size, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int length = MicroVsnprintf(buffer, buf_size, format, args);
  va_end(args);
  return length;
}

#else

#define MicroPrintf(...) tflite::Unused(__VA_ARGS__)
#define VMicroPrintf(...) tflite::Unused(__VA_ARGS__)
#define MicroSnprintf(...) tflite::Unused<int>(__VA_ARGS__)
#define MicroVsnprintf(...) tflite::Unused<int>(__VA_ARGS__)

#endif

namespace tflite {

template <typename... Args>
void Unused(Args&&...) {}

template <typename T, typename... Args>
T Unused(Args&&...) {
  return static_cast<T>(0);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_LOG_H_
