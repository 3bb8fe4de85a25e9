// TFLMRegistration: how a kernel introduces itself to TFLM. Accepted everywhere and never called, since the kernels
// are compiled into the generated code.
#ifndef TINYENGINE_TF_TFLM_MICRO_COMMON_H_
#define TINYENGINE_TF_TFLM_MICRO_COMMON_H_

#include "tensorflow/lite/c/common.h"

struct TFLMRegistration {
  void* (*init)(TfLiteContext* context, const char* buffer, size_t length);
  void (*free)(TfLiteContext* context, void* buffer);
  TfLiteStatus (*prepare)(TfLiteContext* context, TfLiteNode* node);
  TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node);
  void (*reset)(TfLiteContext* context, void* buffer);
  int32_t builtin_code;
  const char* custom_name;
};

struct TFLMInferenceRegistration {
  TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node);
  void (*reset)(TfLiteContext* context, void* buffer);
};

// What TFLM called it until 2022.
typedef TFLMRegistration TfLiteRegistration;
typedef TFLMRegistration TfLiteRegistration_V1;

#endif  // TINYENGINE_TF_TFLM_MICRO_COMMON_H_
