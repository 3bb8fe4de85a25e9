// tflite::MicroProfilerInterface: told when each layer begins and ends, if the model was converted with
// --profile-layers; else told of the whole model as one event.
#ifndef TINYENGINE_TF_TFLM_MICRO_PROFILER_INTERFACE_H_
#define TINYENGINE_TF_TFLM_MICRO_PROFILER_INTERFACE_H_

#include "tinyengine_tf/tflm_base.h"

namespace tflite {

class MicroProfilerInterface {
 public:
  virtual ~MicroProfilerInterface() {}
  virtual uint32_t BeginEvent(const char*) { return 0; }
  virtual void EndEvent(uint32_t) {}

  TE_TFLM_HEAP_ONLY_IF_USED
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_PROFILER_INTERFACE_H_
