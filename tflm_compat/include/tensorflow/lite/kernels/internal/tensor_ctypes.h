// GetTensorData<T>(tensor) and GetTensorShape(tensor).
#ifndef TINYENGINE_TF_TFLM_TENSOR_CTYPES_H_
#define TINYENGINE_TF_TFLM_TENSOR_CTYPES_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/types.h"

namespace tflite {

template <typename T>
inline T* GetTensorData(TfLiteTensor* tensor) {
  return tensor != nullptr ? static_cast<T*>(tensor->data.data) : nullptr;
}

template <typename T>
inline const T* GetTensorData(const TfLiteTensor* tensor) {
  return tensor != nullptr ? static_cast<const T*>(tensor->data.data) : nullptr;
}

inline RuntimeShape GetTensorShape(const TfLiteTensor* tensor) {
  if (tensor == nullptr || tensor->dims == nullptr) {
    return RuntimeShape();
  }
  return RuntimeShape(tensor->dims->size, tensor->dims->data);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_TENSOR_CTYPES_H_
