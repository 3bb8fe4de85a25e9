// Tensors for tests of the firmware's own code, such as what comes after the model. TFLM's kernel tests are not served.
#ifndef TINYENGINE_TF_TFLM_TEST_HELPERS_H_
#define TINYENGINE_TF_TFLM_TEST_HELPERS_H_

#include <cstring>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/portable_type_to_tflitetype.h"

namespace tflite {
namespace testing {

inline int TestStrcmp(const char* a, const char* b) { return std::strcmp(a, b); }

// The array itself, whose first element is the number of those that follow.
inline TfLiteIntArray* IntArrayFromInts(const int* int_array) {
  return const_cast<TfLiteIntArray*>(reinterpret_cast<const TfLiteIntArray*>(int_array));
}

// A tensor over `data`, which must outlive it.
template <typename T>
TfLiteTensor CreateTensor(const T* data, TfLiteIntArray* dims, const bool is_variable = false,
                          TfLiteType type = kTfLiteNoType) {
  TfLiteTensor tensor;
  std::memset(&tensor, 0, sizeof(tensor));
  tensor.data.data = const_cast<T*>(data);
  tensor.dims = dims;
  tensor.bytes = static_cast<size_t>(ElementCount(*dims)) * sizeof(T);
  tensor.type = type == kTfLiteNoType ? typeToTfLiteType<T>() : type;
  tensor.is_variable = is_variable;
  return tensor;
}

template <typename T>
TfLiteTensor CreateQuantizedTensor(const T* data, TfLiteIntArray* dims, const float scale, const int zero_point = 0,
                                   const bool is_variable = false, TfLiteType type = kTfLiteNoType) {
  TfLiteTensor tensor = CreateTensor(data, dims, is_variable, type);
  tensor.params.scale = scale;
  tensor.params.zero_point = zero_point;
  tensor.quantization.type = kTfLiteAffineQuantization;
  return tensor;
}

// Until 2021: the range of real values that the type's range stands for.
template <typename T>
TfLiteTensor CreateQuantizedTensor(const T* data, TfLiteIntArray* dims, const float min, const float max) {
  const T lowest = std::numeric_limits<T>::min();
  const float scale = (max - min) / (static_cast<float>(std::numeric_limits<T>::max()) - static_cast<float>(lowest));
  return CreateQuantizedTensor(data, dims, scale, static_cast<int>(FloatToQuantizedType<T>(0.0f - min, scale, lowest)));
}

}  // namespace testing
}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_TEST_HELPERS_H_
