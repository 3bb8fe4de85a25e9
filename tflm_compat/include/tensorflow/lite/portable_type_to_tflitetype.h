// typeToTfLiteType<T>(): the element type of a tensor that holds T.
#ifndef TINYENGINE_TF_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H_
#define TINYENGINE_TF_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H_

#include "tensorflow/lite/c/common.h"

namespace tflite {

template <typename T>
constexpr TfLiteType typeToTfLiteType() {
  return kTfLiteNoType;
}

template <TfLiteType TFLITE_TYPE_ENUM>
struct TfLiteTypeToType {};

#define TE_TFLM_MATCH_TYPE(cpp_type, tflite_type)                                                     \
  template <>                                                                                         \
  constexpr TfLiteType typeToTfLiteType<cpp_type>() {                                                 \
    return tflite_type;                                                                               \
  }                                                                                                   \
  template <>                                                                                         \
  constexpr TfLiteType typeToTfLiteType<const cpp_type>() {                                           \
    return tflite_type;                                                                               \
  }                                                                                                   \
  template <>                                                                                         \
  struct TfLiteTypeToType<tflite_type> {                                                              \
    using Type = cpp_type;                                                                            \
  };

TE_TFLM_MATCH_TYPE(float, kTfLiteFloat32)
TE_TFLM_MATCH_TYPE(double, kTfLiteFloat64)
TE_TFLM_MATCH_TYPE(int8_t, kTfLiteInt8)
TE_TFLM_MATCH_TYPE(uint8_t, kTfLiteUInt8)
TE_TFLM_MATCH_TYPE(int16_t, kTfLiteInt16)
TE_TFLM_MATCH_TYPE(uint16_t, kTfLiteUInt16)
TE_TFLM_MATCH_TYPE(int32_t, kTfLiteInt32)
TE_TFLM_MATCH_TYPE(uint32_t, kTfLiteUInt32)
TE_TFLM_MATCH_TYPE(int64_t, kTfLiteInt64)
TE_TFLM_MATCH_TYPE(uint64_t, kTfLiteUInt64)
TE_TFLM_MATCH_TYPE(bool, kTfLiteBool)
TE_TFLM_MATCH_TYPE(TfLiteFloat16, kTfLiteFloat16)
TE_TFLM_MATCH_TYPE(TfLiteBFloat16, kTfLiteBFloat16)

#undef TE_TFLM_MATCH_TYPE

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H_
