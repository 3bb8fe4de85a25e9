// tflite::MicroErrorReporter: prints where MicroPrintf prints. Nothing with TF_LITE_STRIP_ERROR_STRINGS.
#ifndef TINYENGINE_TF_TFLM_MICRO_ERROR_REPORTER_H_
#define TINYENGINE_TF_TFLM_MICRO_ERROR_REPORTER_H_

#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {

class MicroErrorReporter : public ErrorReporter {
 public:
  ~MicroErrorReporter() override {}
  using ErrorReporter::Report;
  int Report(const char* format, va_list args) override {
#ifndef TF_LITE_STRIP_ERROR_STRINGS
    VMicroPrintf(format, args);
#else
    (void)format;
    (void)args;
#endif
    return 0;
  }
};

// Plain memory, constructed on each call: a static object would need registration at the program's exit.
template <typename Tag = void>
struct MicroErrorReporterMemory {
  alignas(MicroErrorReporter) static unsigned char bytes[sizeof(MicroErrorReporter)];
};
template <typename Tag>
alignas(MicroErrorReporter) unsigned char MicroErrorReporterMemory<Tag>::bytes[sizeof(MicroErrorReporter)];

inline ErrorReporter* GetMicroErrorReporter() { return new (MicroErrorReporterMemory<>::bytes) MicroErrorReporter(); }

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_ERROR_REPORTER_H_
