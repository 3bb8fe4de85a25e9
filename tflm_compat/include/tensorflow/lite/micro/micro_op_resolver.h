// tflite::MicroOpResolver: tells which operators the firmware registered. The shim only reads it to warn about
// operators that TFLM would miss. No member is pure, so that no runtime support for pure virtual calls is linked.
#ifndef TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_
#define TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_

#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tinyengine_tf/tflm_base.h"
#include "tinyengine_tf/tflm_builtin_operator.h"

namespace tflite {

struct Operator;
class BuiltinDataAllocator;

}  // namespace tflite

typedef TfLiteStatus (*TfLiteBridgeBuiltinParseFunction)(const tflite::Operator* op,
                                                         tflite::ErrorReporter* error_reporter,
                                                         tflite::BuiltinDataAllocator* allocator,
                                                         void** builtin_data);

namespace tflite {

class MicroOpResolver {
 public:
  typedef TfLiteBridgeBuiltinParseFunction BuiltinParseFunction;

  virtual ~MicroOpResolver() {}
  virtual const TFLMRegistration* FindOp(BuiltinOperator) const { return nullptr; }
  virtual const TFLMRegistration* FindOp(const char*) const { return nullptr; }
  virtual TfLiteBridgeBuiltinParseFunction GetOpDataParser(BuiltinOperator) const { return nullptr; }

  TE_TFLM_HEAP_ONLY_IF_USED
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_
