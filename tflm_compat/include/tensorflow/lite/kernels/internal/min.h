// tflite::TfLiteMin.
#ifndef TINYENGINE_TF_TFLM_MIN_H_
#define TINYENGINE_TF_TFLM_MIN_H_

#include <cmath>

namespace tflite {

template <class T>
inline T TfLiteMin(const T& x, const T& y) {
  return std::fmin(x, y);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MIN_H_
