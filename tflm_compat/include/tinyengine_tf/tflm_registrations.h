// The one registration that stands for every kernel, and the ones for firmware that looks at builtin_code and custom_name,
// as programs do that list a model's operators. Those take memory only in programs that ask.
#ifndef TINYENGINE_TF_TFLM_REGISTRATIONS_H_
#define TINYENGINE_TF_TFLM_REGISTRATIONS_H_

#include "tensorflow/lite/micro/micro_common.h"
#include "tinyengine_tf/tflm_base.h"
#include "tinyengine_tf/tflm_builtin_operator.h"

namespace tinyengine_tf {

// TFLM's functions return pointers without const; nobody writes through them.
template <typename Tag = void>
struct AnyRegistration {
  static const TFLMRegistration value;
};
template <typename Tag>
const TFLMRegistration AnyRegistration<Tag>::value = {nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr};

inline const TFLMRegistration* NamedRegistration(tflite::BuiltinOperator op) {
#define TE_TFLM_REGISTRATION(name) {nullptr, nullptr, nullptr, nullptr, nullptr, tflite::BuiltinOperator_##name, nullptr},
  static const TFLMRegistration registrations[] = {TE_TFLM_BUILTIN_OPERATORS(TE_TFLM_REGISTRATION)};
#undef TE_TFLM_REGISTRATION
  return &registrations[op];
}

constexpr int kMostCustomRegistrations = 8;

// For each custom operator one; null for the ninth kind. `name` must stay, as a model's does.
inline const TFLMRegistration* NamedRegistration(const char* name) {
  static TFLMRegistration registrations[kMostCustomRegistrations];
  for (int i = 0; i < kMostCustomRegistrations; ++i) {
    if (registrations[i].custom_name == nullptr) {
      registrations[i].builtin_code = tflite::BuiltinOperator_CUSTOM;
      registrations[i].custom_name = name;
    }
    if (std::strcmp(registrations[i].custom_name, name) == 0) {
      return &registrations[i];
    }
  }
  return nullptr;
}

// `found` is what a resolver answered for `op`, an operator's number or its own name.
template <typename Op>
const TFLMRegistration* Named(const TFLMRegistration* found, Op op) {
  return found == &AnyRegistration<>::value ? NamedRegistration(op) : found;
}

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_REGISTRATIONS_H_
