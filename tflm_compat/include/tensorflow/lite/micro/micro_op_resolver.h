// tflite::MicroOpResolver: tells which operators the firmware registered. The shim only reads it to warn about
// operators that TFLM would miss. No member is pure, so that no runtime support for pure virtual calls is linked.
#ifndef TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_
#define TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_

#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"
#include "tinyengine_tf/tflm_base.h"
#include "tinyengine_tf/tflm_builtin_operator.h"
#include "tinyengine_tf/tflm_registrations.h"

namespace tflite {

class BuiltinDataAllocator;

typedef TfLiteStatus (*TfLiteBridgeBuiltinParseFunction)(const Operator* op, ErrorReporter* error_reporter,
                                                         BuiltinDataAllocator* allocator, void** builtin_data);

class OpResolver {
 public:
  typedef TfLiteBridgeBuiltinParseFunction BuiltinParseFunction;

  virtual ~OpResolver() {}
  virtual const TFLMRegistration* FindOp(BuiltinOperator) const { return nullptr; }
  virtual const TFLMRegistration* FindOp(const char*) const { return nullptr; }
  virtual TfLiteBridgeBuiltinParseFunction GetOpDataParser(BuiltinOperator) const { return nullptr; }

  TE_TFLM_HEAP_ONLY_IF_USED
};

// In TFLM of spring 2020 this name is a template, see micro_mutable_op_resolver.h.
#ifndef TINYENGINE_TF_TFLM_2020
class MicroOpResolver : public OpResolver {};
#endif

// The registration that `op_resolver` has for an operator code: builtin_code and custom_name are filled in.
inline TfLiteStatus GetRegistrationFromOpCode(const OperatorCode* opcode, const OpResolver& op_resolver,
                                              const TFLMRegistration** registration) {
  const BuiltinOperator code = GetBuiltinCode(opcode);
  const char* const custom = flatbuffers::GetCstring(opcode->custom_code());
  *registration = nullptr;
  if (code > BuiltinOperator_MAX) {
    MicroPrintf("The operator code %d does not exist.", static_cast<int>(code));
  } else if (code != BuiltinOperator_CUSTOM) {
    *registration = tinyengine_tf::Named(op_resolver.FindOp(code), code);
    if (*registration == nullptr) {
      MicroPrintf("The resolver lacks %s.", EnumNameBuiltinOperator(code));
    }
  } else if (opcode->custom_code() == nullptr) {
    MicroPrintf("A custom operator has no name.");
  } else {
    *registration = tinyengine_tf::Named(op_resolver.FindOp(custom), custom);
  }
  return *registration != nullptr ? kTfLiteOk : kTfLiteError;
}

// TFLM until 2022.
inline TfLiteStatus GetRegistrationFromOpCode(const OperatorCode* opcode, const OpResolver& op_resolver,
                                              ErrorReporter*, const TFLMRegistration** registration) {
  return GetRegistrationFromOpCode(opcode, op_resolver, registration);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_
