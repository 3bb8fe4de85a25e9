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

#ifndef TFLITE_REGISTRATIONS_MAX
#define TFLITE_REGISTRATIONS_MAX (128)
#endif

// TFLM of spring 2020 had MicroOpResolver<N>, and a MicroMutableOpResolver that was no template. One name cannot be a
// template and a class, so firmware of that time defines TINYENGINE_TF_TFLM_2020. (Without it, C++17 and later accept
// `MicroMutableOpResolver name;` for a variable.)
#ifdef TINYENGINE_TF_TFLM_2020
#define TE_TFLM_SIZED_RESOLVER MicroOpResolver
#define TE_TFLM_RESOLVER_BASE OpResolver
#else
#define TE_TFLM_SIZED_RESOLVER MicroMutableOpResolver
#define TE_TFLM_RESOLVER_BASE MicroOpResolver
#endif

namespace tflite {

template <unsigned int tOpCount = TFLITE_REGISTRATIONS_MAX>
class TE_TFLM_SIZED_RESOLVER : public TE_TFLM_RESOLVER_BASE {
 public:
  TE_TFLM_SIZED_RESOLVER() {}
  explicit TE_TFLM_SIZED_RESOLVER(ErrorReporter*) {}

  const TFLMRegistration* FindOp(BuiltinOperator op) const override {
    for (unsigned int i = 0; i < builtin_count_; ++i) {
      if (builtin_codes_[i] == static_cast<unsigned char>(op)) {
        return &tinyengine_tf::AnyRegistration<>::value;
      }
    }
    return nullptr;
  }

  const TFLMRegistration* FindOp(const char* op) const override {
    for (unsigned int i = 0; i < custom_count_; ++i) {
      if (std::strcmp(custom_names_[i], op) == 0) {
        return &tinyengine_tf::AnyRegistration<>::value;
      }
    }
    return nullptr;
  }

  // The registration, and whatever else a version of TFLM takes (first and last operator version), is not needed.
  template <typename... Ignored>
  TfLiteStatus AddCustom(const char* name, const Ignored&...) {
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

#ifdef TINYENGINE_TF_TFLM_2020
class MicroMutableOpResolver : public MicroOpResolver<TFLITE_REGISTRATIONS_MAX> {
 public:
  using MicroOpResolver<TFLITE_REGISTRATIONS_MAX>::MicroOpResolver;
};
#endif

#undef TE_TFLM_SIZED_RESOLVER
#undef TE_TFLM_RESOLVER_BASE

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_MUTABLE_OP_RESOLVER_H_
