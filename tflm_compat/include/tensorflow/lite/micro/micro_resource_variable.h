// tflite::MicroResourceVariables: resource variables live in the generated code's own part of the arena; this object
// only tells the interpreters that it is given to when to forget.
#ifndef TINYENGINE_TF_TFLM_MICRO_RESOURCE_VARIABLE_H_
#define TINYENGINE_TF_TFLM_MICRO_RESOURCE_VARIABLE_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_allocator.h"

namespace tflite {

class MicroResourceVariables {
 public:
  // Null where the allocator has no room, as in TFLM.
  static MicroResourceVariables* Create(MicroAllocator* allocator, int) {
    void* const memory =
        allocator == nullptr ? nullptr : allocator->AllocatePersistentBuffer(sizeof(MicroResourceVariables));
    return memory == nullptr ? nullptr : ::new (memory) MicroResourceVariables();
  }

  // Takes effect at the next Invoke() of each interpreter, before it runs.
  TfLiteStatus ResetAll() {
    ++resets_;
    return kTfLiteOk;
  }

  uint32_t resets() const { return resets_; }

 private:
  MicroResourceVariables() = default;

  uint32_t resets_ = 0;
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_RESOURCE_VARIABLE_H_
