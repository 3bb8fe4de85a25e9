// TFLITE_CHECK* stop the program when false; TFLITE_DCHECK* do so unless NDEBUG is defined.
#ifndef TINYENGINE_TF_TFLM_KERNELS_COMPATIBILITY_H_
#define TINYENGINE_TF_TFLM_KERNELS_COMPATIBILITY_H_

#include <cstdint>

#include "tensorflow/lite/kernels/op_macros.h"

#ifndef TFLITE_CHECK
#define TFLITE_CHECK(condition) ((condition) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_EQ(x, y) (((x) == (y)) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_NE(x, y) (((x) != (y)) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_GE(x, y) (((x) >= (y)) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_GT(x, y) (((x) > (y)) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_LE(x, y) (((x) <= (y)) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_LT(x, y) (((x) < (y)) ? (void)0 : TFLITE_ABORT)
#endif

#ifndef TFLITE_DCHECK
#define TFLITE_DCHECK(condition) ((condition) ? (void)0 : TFLITE_ASSERT_FALSE)
#define TFLITE_DCHECK_EQ(x, y) (((x) == (y)) ? (void)0 : TFLITE_ASSERT_FALSE)
#define TFLITE_DCHECK_NE(x, y) (((x) != (y)) ? (void)0 : TFLITE_ASSERT_FALSE)
#define TFLITE_DCHECK_GE(x, y) (((x) >= (y)) ? (void)0 : TFLITE_ASSERT_FALSE)
#define TFLITE_DCHECK_GT(x, y) (((x) > (y)) ? (void)0 : TFLITE_ASSERT_FALSE)
#define TFLITE_DCHECK_LE(x, y) (((x) <= (y)) ? (void)0 : TFLITE_ASSERT_FALSE)
#define TFLITE_DCHECK_LT(x, y) (((x) < (y)) ? (void)0 : TFLITE_ASSERT_FALSE)
#endif

#ifndef TF_LITE_STATIC_MEMORY
using int8 = std::int8_t;
using uint8 = std::uint8_t;
using int16 = std::int16_t;
using uint16 = std::uint16_t;
using int32 = std::int32_t;
using uint32 = std::uint32_t;
#endif

#ifndef TFLITE_DEPRECATED
#define TFLITE_DEPRECATED(message)
#endif

#endif  // TINYENGINE_TF_TFLM_KERNELS_COMPATIBILITY_H_
