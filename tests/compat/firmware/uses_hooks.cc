// Uses the port's functions, whoever defines them.
#include <stdio.h>

#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/system_setup.h"
#ifdef CALLBACK
#include "tensorflow/lite/micro/cortex_m_generic/debug_log_callback.h"

static void OnLog(const char* s) {
  fputs("[callback]", stdout);
  fputs(s, stdout);
}
#endif

int main() {
#ifdef CALLBACK
  RegisterDebugLogCallback(OnLog);
#endif
  tflite::InitializeTarget();
  MicroPrintf("%s is %d%% of %.2f", "this", 50, 1.5);
  DebugLog("plain");
#ifdef EXPECT_TICKS
  if (tflite::ticks_per_second() != 1000 || tflite::GetCurrentTimeTicks() != 42 || tflite::TicksToMs(500) != 500) {
    return 1;
  }
#endif
  return tflite::GetCurrentTimeTicks() == 0xffffffffu ? 1 : 0;
}
