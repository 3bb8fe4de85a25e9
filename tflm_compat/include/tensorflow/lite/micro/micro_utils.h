// Quantising and counting, as applications use it around Invoke().
#ifndef TINYENGINE_TF_TFLM_MICRO_UTILS_H_
#define TINYENGINE_TF_TFLM_MICRO_UTILS_H_

#include "tensorflow/lite/c/common.h"
#include "tinyengine_tf/tflm_base.h"

namespace tflite {

inline int ElementCount(const TfLiteIntArray& dims) {
  int elements = 1;
  for (int i = 0; i < dims.size; ++i) {
    elements *= dims.data[i];
  }
  return elements;
}

constexpr int Max(int a, int b) { return a >= b ? a : b; }

// round(value / scale) + zero_point, clamped to the range of T.
template <typename T>
T FloatToQuantizedType(const float value, const float scale, int zero_point) {
  const double stored = std::round(static_cast<double>(value / scale)) + zero_point;
  const double lowest = static_cast<double>(std::numeric_limits<T>::min());
  const double highest = static_cast<double>(std::numeric_limits<T>::max());
  return static_cast<T>(stored < lowest ? lowest : (stored > highest ? highest : stored));
}

// The same without zero point, in the symmetric range [-max, max].
template <typename T>
T FloatToSymmetricQuantizedType(const float value, const float scale) {
  const T stored = FloatToQuantizedType<T>(value, scale, 0);
  return stored == std::numeric_limits<T>::min() ? static_cast<T>(stored + 1) : stored;
}

template <typename T>
void Quantize(const float* input, T* output, int num_elements, float scale, int zero_point) {
  for (int i = 0; i < num_elements; ++i) {
    output[i] = FloatToQuantizedType<T>(input[i], scale, zero_point);
  }
}

template <typename T>
void SymmetricQuantize(const float* input, T* output, int num_elements, float scale) {
  for (int i = 0; i < num_elements; ++i) {
    output[i] = FloatToSymmetricQuantizedType<T>(input[i], scale);
  }
}

template <typename T>
void Dequantize(const T* values, const int size, const float scale, int zero_point, float* dequantized_values) {
  for (int i = 0; i < size; ++i) {
    dequantized_values[i] = static_cast<float>(static_cast<int>(values[i]) - zero_point) * scale;
  }
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_UTILS_H_
