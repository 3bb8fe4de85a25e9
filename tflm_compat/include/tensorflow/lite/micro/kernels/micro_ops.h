// Register_CONV_2D() and all others, in tflite:: and in the older tflite::ops::micro::. They return an empty
// registration: the generated code holds the kernels, and only those that the model uses.
#ifndef TINYENGINE_TF_TFLM_MICRO_OPS_H_
#define TINYENGINE_TF_TFLM_MICRO_OPS_H_

#include "tensorflow/lite/micro/micro_common.h"
#include "tinyengine_tf/tflm_ops.h"
#include "tinyengine_tf/tflm_registrations.h"

namespace tflite {

inline TFLMRegistration EmptyRegistration() {
  return TFLMRegistration{nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr};
}

#define TE_TFLM_TYPED_BY_VALUE(suffix) \
  inline TFLMRegistration Register_##suffix() { return EmptyRegistration(); }
#define TE_TFLM_BY_VALUE(add, suffix)      \
  TE_TFLM_TYPED_BY_VALUE(suffix)           \
  TE_TFLM_TYPED_BY_VALUE(suffix##_FLOAT32) \
  TE_TFLM_TYPED_BY_VALUE(suffix##_INT16)   \
  TE_TFLM_TYPED_BY_VALUE(suffix##_INT8)    \
  TE_TFLM_TYPED_BY_VALUE(suffix##_INT4)
#define TE_TFLM_BY_POINTER(add, suffix, name) \
  inline TFLMRegistration* Register_##suffix() { return const_cast<TFLMRegistration*>(&tinyengine_tf::AnyRegistration<>::value); }
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
