// tflite::TfLiteRound and TfLiteExpm1.
#ifndef TINYENGINE_TF_TFLM_CPPMATH_H_
#define TINYENGINE_TF_TFLM_CPPMATH_H_

#include <cmath>

namespace tflite {

template <class T>
inline T TfLiteRound(const T x) {
  return std::round(x);
}

template <class T>
inline T TfLiteExpm1(const T x) {
  return std::expm1(x);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_CPPMATH_H_
