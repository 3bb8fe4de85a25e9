// tflite::TfLiteMax.
#ifndef TINYENGINE_TF_TFLM_MAX_H_
#define TINYENGINE_TF_TFLM_MAX_H_

#include <cmath>

namespace tflite {

template <class T>
inline T TfLiteMax(const T& x, const T& y) {
  return std::fmax(x, y);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MAX_H_
