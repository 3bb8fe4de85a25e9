// TFLM's way to stop a program.
#ifndef TINYENGINE_TF_TFLM_OP_MACROS_H_
#define TINYENGINE_TF_TFLM_OP_MACROS_H_

#include <cstdlib>

#include "tensorflow/lite/micro/micro_log.h"

#if !defined(TF_LITE_MCU_DEBUG_LOG)
#define TFLITE_ABORT abort()
#else
inline void AbortImpl() {
  MicroPrintf("HALTED");
  for (;;) {
  }
}
#define TFLITE_ABORT AbortImpl()
#endif

#if defined(NDEBUG)
#define TFLITE_ASSERT_FALSE (static_cast<void>(0))
#else
#define TFLITE_ASSERT_FALSE TFLITE_ABORT
#endif

#define TF_LITE_FATAL(msg)    \
  do {                        \
    MicroPrintf("%s", (msg)); \
    TFLITE_ABORT;             \
  } while (false)

#define TF_LITE_ASSERT(x) \
  do {                    \
    if (!(x)) {           \
      TF_LITE_FATAL(#x);  \
    }                     \
  } while (false)

#define TF_LITE_ASSERT_EQ(x, y) TF_LITE_ASSERT((x) == (y))

#endif  // TINYENGINE_TF_TFLM_OP_MACROS_H_
