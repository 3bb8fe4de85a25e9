// Aligning addresses and sizes, and the bytes of an element.
#ifndef TINYENGINE_TF_TFLM_MEMORY_HELPERS_H_
#define TINYENGINE_TF_TFLM_MEMORY_HELPERS_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

// To a multiple of any number, not only of a power of two.
inline uint8_t* AlignPointerDown(uint8_t* data, size_t alignment) {
  return data - reinterpret_cast<std::uintptr_t>(data) % alignment;
}

inline uint8_t* AlignPointerUp(uint8_t* data, size_t alignment) {
  return AlignPointerDown(data + (alignment - 1), alignment);
}

inline size_t AlignSizeUp(size_t size, size_t alignment) { return (size + alignment - 1) / alignment * alignment; }

template <typename T>
size_t AlignSizeUp(size_t count = 1) {
  return AlignSizeUp(sizeof(T) * count, alignof(T));
}

inline TfLiteStatus TfLiteTypeSizeOf(TfLiteType type, size_t* size) {
  switch (type) {
    case kTfLiteInt8:
    case kTfLiteUInt8:
    case kTfLiteInt4:
    case kTfLiteBool:
      *size = 1;
      return kTfLiteOk;
    case kTfLiteInt16:
    case kTfLiteUInt16:
    case kTfLiteFloat16:
    case kTfLiteBFloat16:
      *size = 2;
      return kTfLiteOk;
    case kTfLiteFloat32:
    case kTfLiteInt32:
    case kTfLiteUInt32:
    case kTfLiteResource:
      *size = 4;
      return kTfLiteOk;
    case kTfLiteInt64:
    case kTfLiteUInt64:
    case kTfLiteFloat64:
    case kTfLiteComplex64:
      *size = 8;
      return kTfLiteOk;
    case kTfLiteComplex128:
      *size = 16;
      return kTfLiteOk;
    default:
      return kTfLiteError;
  }
}

inline TfLiteStatus TfLiteEvalTensorByteLength(const TfLiteEvalTensor* eval_tensor, size_t* out_bytes) {
  size_t element_bytes = 0;
  if (TfLiteTypeSizeOf(eval_tensor->type, &element_bytes) != kTfLiteOk) {
    return kTfLiteError;
  }
  *out_bytes = static_cast<size_t>(ElementCount(*eval_tensor->dims)) * element_bytes;
  return kTfLiteOk;
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MEMORY_HELPERS_H_
