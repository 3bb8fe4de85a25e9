// tflite::MicroMutableOpResolver<N>: keeps only which operators were added, a byte for a built-in one and a name for
// a custom one. Its answers are TFLM's: kTfLiteError for the same operator twice and for one more than N.
#ifndef TINYENGINE_TF_TFLM_MICRO_MUTABLE_OP_RESOLVER_H_
#define TINYENGINE_TF_TFLM_MICRO_MUTABLE_OP_RESOLVER_H_

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/kernels/op_macros.h"
#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tinyengine_tf/tflm_ops.h"

namespace tflite {

template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  MicroMutableOpResolver() {}
  explicit MicroMutableOpResolver(ErrorReporter*) {}

  const TFLMRegistration* FindOp(BuiltinOperator op) const override {
    for (unsigned int i = 0; i < builtin_count_; ++i) {
      if (builtin_codes_[i] == static_cast<unsigned char>(op)) {
        return &AnyRegistration<>::value;
      }
    }
    return nullptr;
  }

  const TFLMRegistration* FindOp(const char* op) const override {
    for (unsigned int i = 0; i < custom_count_; ++i) {
      if (std::strcmp(custom_names_[i], op) == 0) {
        return &AnyRegistration<>::value;
      }
    }
    return nullptr;
  }

  TfLiteStatus AddCustom(const char* name, const TFLMRegistration* registration = nullptr) {
    (void)registration;
    if (FindOp(name) != nullptr) {
      MicroPrintf("The operator %s is in the resolver already.", name);
      return kTfLiteError;
    }
    if (builtin_count_ + custom_count_ >= tOpCount) {
      MicroPrintf("No room for operator %s: the resolver was made for %u operators.", name, tOpCount);
      return kTfLiteError;
    }
    custom_names_[custom_count_++] = name;
    return kTfLiteOk;
  }

  // The registration and whatever else a version of TFLM takes (first and last operator version) is not needed.
  template <typename... Ignored>
  TfLiteStatus AddBuiltin(BuiltinOperator op, const Ignored&...) {
    if (op == BuiltinOperator_CUSTOM) {
      MicroPrintf("AddBuiltin does not take BuiltinOperator_CUSTOM: use AddCustom.");
      return kTfLiteError;
    }
    if (FindOp(op) != nullptr) {
      MicroPrintf("Operator #%d is in the resolver already.", static_cast<int>(op));
      return kTfLiteError;
    }
    if (builtin_count_ + custom_count_ >= tOpCount) {
      MicroPrintf("No room for operator #%d: the resolver was made for %u operators.", static_cast<int>(op), tOpCount);
      return kTfLiteError;
    }
    builtin_codes_[builtin_count_++] = static_cast<unsigned char>(op);
    return kTfLiteOk;
  }

#define TE_TFLM_ADD_BUILTIN(add, suffix)                          \
  TfLiteStatus Add##add() { return AddBuiltin(BuiltinOperator_##suffix); } \
  TfLiteStatus Add##add(const TFLMRegistration&) { return AddBuiltin(BuiltinOperator_##suffix); }
#define TE_TFLM_ADD_CUSTOM(add, suffix, name)         \
  TfLiteStatus Add##add() { return AddCustom(name); } \
  TfLiteStatus Add##add(const TFLMRegistration*) { return AddCustom(name); }

  TE_TFLM_BUILTIN_OPS(TE_TFLM_ADD_BUILTIN)
  TE_TFLM_CUSTOM_OPS(TE_TFLM_ADD_CUSTOM)

#undef TE_TFLM_ADD_BUILTIN
#undef TE_TFLM_ADD_CUSTOM

  unsigned int GetRegistrationLength() { return builtin_count_ + custom_count_; }

 private:
  static_assert(BuiltinOperator_MAX <= 255, "a built-in operator's number no longer fits into a byte");

  const char* custom_names_[tOpCount > 0 ? tOpCount : 1];
  unsigned char builtin_codes_[tOpCount > 0 ? tOpCount : 1];
  unsigned short builtin_count_ = 0;
  unsigned short custom_count_ = 0;
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_MUTABLE_OP_RESOLVER_H_
