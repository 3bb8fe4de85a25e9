// Register_CONV_2D() and all others, in tflite:: and in the older tflite::ops::micro::. They return an empty
// registration: the generated code holds the kernels, and only those that the model uses.
#ifndef TINYENGINE_TF_TFLM_MICRO_OPS_H_
#define TINYENGINE_TF_TFLM_MICRO_OPS_H_

#include "tensorflow/lite/micro/micro_common.h"
#include "tinyengine_tf/tflm_ops.h"

namespace tflite {

// Stands for every kernel. TFLM's functions return pointers without const; nobody writes through them.
template <typename Tag = void>
struct AnyRegistration {
  static const TFLMRegistration value;
};
template <typename Tag>
const TFLMRegistration AnyRegistration<Tag>::value = {nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr};

inline TFLMRegistration EmptyRegistration() {
  return TFLMRegistration{nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr};
}

#define TE_TFLM_BY_VALUE(add, suffix) \
  inline TFLMRegistration Register_##suffix() { return EmptyRegistration(); }
#define TE_TFLM_TYPED_BY_VALUE(suffix) TE_TFLM_BY_VALUE(, suffix)
#define TE_TFLM_BY_POINTER(add, suffix, name) \
  inline TFLMRegistration* Register_##suffix() { return const_cast<TFLMRegistration*>(&AnyRegistration<>::value); }
#define TE_TFLM_TYPED_BY_POINTER(suffix) TE_TFLM_BY_POINTER(, suffix, )

TE_TFLM_BUILTIN_OPS(TE_TFLM_BY_VALUE)
TE_TFLM_TYPED_REGISTRATIONS(TE_TFLM_TYPED_BY_VALUE)
TE_TFLM_CUSTOM_OPS(TE_TFLM_BY_POINTER)

namespace tflm_signal {
TE_TFLM_CUSTOM_OPS(TE_TFLM_BY_POINTER)
TE_TFLM_TYPED_CUSTOM_REGISTRATIONS(TE_TFLM_TYPED_BY_POINTER)
}  // namespace tflm_signal

namespace ops {
namespace micro {
TE_TFLM_BUILTIN_OPS(TE_TFLM_BY_VALUE)
TE_TFLM_TYPED_REGISTRATIONS(TE_TFLM_TYPED_BY_VALUE)
}  // namespace micro
}  // namespace ops

#undef TE_TFLM_BY_VALUE
#undef TE_TFLM_TYPED_BY_VALUE
#undef TE_TFLM_BY_POINTER
#undef TE_TFLM_TYPED_BY_POINTER

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_OPS_H_
