// tflite::AllOpsResolver: every operator. In TFLM it links every kernel; here it costs nothing.
#ifndef TINYENGINE_TF_TFLM_ALL_OPS_RESOLVER_H_
#define TINYENGINE_TF_TFLM_ALL_OPS_RESOLVER_H_

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tflite {

#ifdef TINYENGINE_TF_TFLM_2020
typedef MicroOpResolver<1> AllOpsResolverBase;
#else
typedef MicroMutableOpResolver<1> AllOpsResolverBase;
#endif

class AllOpsResolver : public AllOpsResolverBase {
 public:
  AllOpsResolver() {}
  explicit AllOpsResolver(ErrorReporter*) {}

  const TFLMRegistration* FindOp(BuiltinOperator) const override { return &tinyengine_tf::AnyRegistration<>::value; }
  const TFLMRegistration* FindOp(const char*) const override { return &tinyengine_tf::AnyRegistration<>::value; }
};

// Where TFLM of early 2020 had it.
namespace ops {
namespace micro {
using tflite::AllOpsResolver;
}  // namespace micro
}  // namespace ops

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_ALL_OPS_RESOLVER_H_
