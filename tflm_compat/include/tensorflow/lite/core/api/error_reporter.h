// tflite::ErrorReporter, TFLM's way of printing until 2022; firmware may derive its own.
#ifndef TINYENGINE_TF_TFLM_ERROR_REPORTER_H_
#define TINYENGINE_TF_TFLM_ERROR_REPORTER_H_

#include <cstdarg>

#include "tinyengine_tf/tflm_base.h"

namespace tflite {

class ErrorReporter {
 public:
  virtual ~ErrorReporter() {}
  virtual int Report(const char* format, va_list args) {
    (void)format;
    (void)args;
    return 0;
  }
  int Report(const char* format, ...) {
    va_list args;
    va_start(args, format);
    const int code = Report(format, args);
    va_end(args);
    return code;
  }
  int ReportError(void*, const char* format, ...) {
    va_list args;
    va_start(args, format);
    const int code = Report(format, args);
    va_end(args);
    return code;
  }

  TE_TFLM_HEAP_ONLY_IF_USED
};

}  // namespace tflite

#ifndef TF_LITE_STRIP_ERROR_STRINGS
#define TF_LITE_REPORT_ERROR(reporter, ...)                             \
  do {                                                                  \
    static_cast<::tflite::ErrorReporter*>(reporter)->Report(__VA_ARGS__); \
  } while (false)
#else
#define TF_LITE_REPORT_ERROR(reporter, ...) \
  do {                                      \
    (void)(reporter);                       \
  } while (false)
#endif

#endif  // TINYENGINE_TF_TFLM_ERROR_REPORTER_H_
