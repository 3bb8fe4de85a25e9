// Registrations of kernels. TFLMRegistration itself is in c/common.h, where older firmware looks for it.
#ifndef TINYENGINE_TF_TFLM_MICRO_COMMON_H_
#define TINYENGINE_TF_TFLM_MICRO_COMMON_H_

#include "tensorflow/lite/c/common.h"

struct TFLMInferenceRegistration {
  TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node);
  void (*reset)(TfLiteContext* context, void* buffer);
};

#endif  // TINYENGINE_TF_TFLM_MICRO_COMMON_H_
