// A board port as firmware brings it along; compiled apart from the program that uses it.
#ifdef LEGACY_DEBUG_LOG
#include "tensorflow/lite/micro/debug_log.h"

#include <stdio.h>

extern "C" void DebugLog(const char* s) {
  fputs("[old]", stdout);
  fputs(s, stdout);
}
#elif defined(CORTEX_M_PORT)
#include <stdio.h>

extern "C" {
#include "tensorflow/lite/micro/debug_log.h"

#include "tensorflow/lite/micro/cortex_m_generic/debug_log_callback.h"

static DebugLogCallback registered = nullptr;

void RegisterDebugLogCallback(void (*callback)(const char* s)) { registered = callback; }

void DebugLog(const char* s) {
  fputs(registered == nullptr ? "[port]" : "[registered]", stdout);
  fputs(s, stdout);
}
}
#else
#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/system_setup.h"

#include <stdio.h>

extern "C" void DebugLog(const char* format, va_list args) {
  fputs("[new]", stdout);
  vprintf(format, args);
}

extern "C" int DebugVsnprintf(char* buffer, size_t buf_size, const char* format, va_list vlist) {
  return vsnprintf(buffer, buf_size, format, vlist);
}

namespace tflite {

void InitializeTarget() { puts("[target]"); }
uint32_t ticks_per_second() { return 1000; }
uint32_t GetCurrentTimeTicks() { return 42; }

}  // namespace tflite
#endif
