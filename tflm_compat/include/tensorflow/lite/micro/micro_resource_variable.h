// tflite::MicroResourceVariables: resource variables live in the generated code's own part of the arena, so this only
// satisfies declarations.
#ifndef TINYENGINE_TF_TFLM_MICRO_RESOURCE_VARIABLE_H_
#define TINYENGINE_TF_TFLM_MICRO_RESOURCE_VARIABLE_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_allocator.h"

namespace tflite {

class MicroResourceVariables {
 public:
  static MicroResourceVariables* Create(MicroAllocator* allocator, int num_variables);

  template <typename T = void>
  TfLiteStatus ResetAll() {
    TE_TFLM_UNSUPPORTED(T, "call Reset() of the interpreter: it resets everything the model remembers");
    return kTfLiteError;
  }
};

template <typename Tag = void>
struct NoResourceVariables {
  static MicroResourceVariables value;
};
template <typename Tag>
MicroResourceVariables NoResourceVariables<Tag>::value = {};

inline MicroResourceVariables* MicroResourceVariables::Create(MicroAllocator* allocator, int) {
  return allocator == nullptr ? nullptr : &NoResourceVariables<>::value;
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_RESOURCE_VARIABLE_H_
