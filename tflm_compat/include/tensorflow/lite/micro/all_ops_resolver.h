// tflite::AllOpsResolver: every operator. In TFLM it links every kernel; here it costs nothing.
#ifndef TINYENGINE_TF_TFLM_ALL_OPS_RESOLVER_H_
#define TINYENGINE_TF_TFLM_ALL_OPS_RESOLVER_H_

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tflite {

class AllOpsResolver : public MicroMutableOpResolver<1> {
 public:
  AllOpsResolver() {}
  explicit AllOpsResolver(ErrorReporter*) {}

  const TFLMRegistration* FindOp(BuiltinOperator) const override { return &AnyRegistration<>::value; }
  const TFLMRegistration* FindOp(const char*) const override { return &AnyRegistration<>::value; }
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_ALL_OPS_RESOLVER_H_
