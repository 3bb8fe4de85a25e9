// tflite::MicroContext: only the names that applications mention. Kernels would use the rest, and there are none here.
#ifndef TINYENGINE_TF_TFLM_MICRO_CONTEXT_H_
#define TINYENGINE_TF_TFLM_MICRO_CONTEXT_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"

namespace tflite {

const TfLiteStatus kTfLiteAbort = static_cast<TfLiteStatus>(15);

class MicroContext {
 public:
  struct AlternateMemoryRegion {
    void* address;
    size_t bytes;
  };
};

template <typename T = void>
inline MicroContext* GetMicroContext(const TfLiteContext*) {
  TE_TFLM_UNSUPPORTED(T, "a kernel of your own cannot run inside generated code; do its work around Invoke()");
  return nullptr;
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_CONTEXT_H_
