// Comparing and printing values for the two test headers.
#ifndef TINYENGINE_TF_TFLM_TEST_VALUES_H_
#define TINYENGINE_TF_TFLM_TEST_VALUES_H_

#include "tinyengine_tf/tflm_base.h"
#include "tinyengine_tf/tflm_platform.h"

namespace tinyengine_tf {

inline void PrintValue(bool v) { Print("%s", v ? "true" : "false"); }
inline void PrintValue(char v) { Print("%d", static_cast<int>(v)); }
inline void PrintValue(const char* v) { Print("%s", v != nullptr ? v : "(null)"); }
inline void PrintValue(char* v) { Print("%s", v != nullptr ? v : "(null)"); }
inline void PrintValue(std::nullptr_t) { Print("nullptr"); }

template <typename T>
typename std::enable_if<std::is_floating_point<T>::value>::type PrintValue(T v) {
  Print("%f", static_cast<double>(v));
}
template <typename T>
typename std::enable_if<std::is_integral<T>::value && std::is_signed<T>::value>::type PrintValue(T v) {
  Print("%ld", static_cast<long>(v));
}
template <typename T>
typename std::enable_if<std::is_integral<T>::value && std::is_unsigned<T>::value>::type PrintValue(T v) {
  Print("%lu", static_cast<unsigned long>(v));
}
template <typename T>
typename std::enable_if<std::is_enum<T>::value>::type PrintValue(T v) {
  Print("%ld", static_cast<long>(v));
}
template <typename T>
typename std::enable_if<std::is_pointer<T>::value>::type PrintValue(T v) {
  Print("%p", static_cast<const void*>(v));
}
template <typename T>
typename std::enable_if<std::is_class<T>::value || std::is_union<T>::value>::type PrintValue(const T&) {
  Print("(object)");
}

template <typename X, typename Y>
void PrintFailure(const char* expression, const char* file, int line, X x, Y y) {
  Print("%s failed at %s:%d (", expression, file, line);
  PrintValue(x);
  Print(" vs ");
  PrintValue(y);
  Print(")\r\n");
}

// Tests compare sizes with literals and ints everywhere, which is no error in TFLM's own build either.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif

// Two floating-point numbers are equal when they differ by less than the type's epsilon, as in TFLM's tests.
template <typename X, typename Y>
typename std::enable_if<std::is_floating_point<X>::value && std::is_floating_point<Y>::value, bool>::type IsEqual(X x,
                                                                                                               Y y) {
  typedef decltype(x - y) Difference;
  const Difference difference = x > y ? x - y : y - x;
  return x == y || difference <= std::numeric_limits<Difference>::epsilon();
}
template <typename X, typename Y>
typename std::enable_if<!(std::is_floating_point<X>::value && std::is_floating_point<Y>::value), bool>::type IsEqual(
    X x, Y y) {
  return x == y;
}

inline bool IsSameText(const char* x, const char* y) {
  return x == y || (x != nullptr && y != nullptr && std::strcmp(x, y) == 0);
}

// Each takes its operands by value (a class's static constant has no address to refer to), prints what it found when
// the comparison fails, and returns whether it holds.
#define TE_TFLM_CHECK_FUNCTION(name, holds)                                         \
  template <typename X, typename Y>                                                 \
  bool name(const char* expression, const char* file, int line, X x, Y y) {         \
    if (holds) {                                                                    \
      return true;                                                                  \
    }                                                                               \
    PrintFailure(expression, file, line, x, y);                                     \
    return false;                                                                   \
  }

TE_TFLM_CHECK_FUNCTION(CheckEq, IsEqual(x, y))
TE_TFLM_CHECK_FUNCTION(CheckNe, !IsEqual(x, y))
TE_TFLM_CHECK_FUNCTION(CheckGt, x > y)
TE_TFLM_CHECK_FUNCTION(CheckLt, x < y)
TE_TFLM_CHECK_FUNCTION(CheckGe, x >= y)
TE_TFLM_CHECK_FUNCTION(CheckLe, x <= y)
TE_TFLM_CHECK_FUNCTION(CheckStrEq, IsSameText(x, y))
TE_TFLM_CHECK_FUNCTION(CheckStrNe, !IsSameText(x, y))

#undef TE_TFLM_CHECK_FUNCTION

// Also true for two infinities of one sign.
template <typename X, typename Y, typename Z>
bool CheckNear(const char* expression, const char* file, int line, X x, Y y, Z epsilon) {
  if (x == y || !((x > y ? x - y : y - x) > epsilon)) {
    return true;
  }
  PrintFailure(expression, file, line, x, y);
  return false;
}

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

inline bool CheckTrue(const char* expression, const char* file, int line, bool x) {
  if (!x) {
    Print("%s failed at %s:%d\r\n", expression, file, line);
  }
  return x;
}

}  // namespace tinyengine_tf

#define TE_TEST_EQ(x, y) tinyengine_tf::CheckEq(#x " == " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_NE(x, y) tinyengine_tf::CheckNe(#x " != " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_GT(x, y) tinyengine_tf::CheckGt(#x " > " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_LT(x, y) tinyengine_tf::CheckLt(#x " < " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_GE(x, y) tinyengine_tf::CheckGe(#x " >= " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_LE(x, y) tinyengine_tf::CheckLe(#x " <= " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_STREQ(x, y) tinyengine_tf::CheckStrEq(#x " is " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_STRNE(x, y) tinyengine_tf::CheckStrNe(#x " is not " #y, __FILE__, __LINE__, x, y)
#define TE_TEST_NEAR(x, y, epsilon) tinyengine_tf::CheckNear(#x " near " #y, __FILE__, __LINE__, x, y, epsilon)
#define TE_TEST_TRUE(x) tinyengine_tf::CheckTrue(#x, __FILE__, __LINE__, (x) ? true : false)
#define TE_TEST_FALSE(x) tinyengine_tf::CheckTrue("not " #x, __FILE__, __LINE__, (x) ? false : true)

#endif  // TINYENGINE_TF_TFLM_TEST_VALUES_H_
