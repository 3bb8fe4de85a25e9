// TFLM's test macros of the TF_LITE_MICRO_ kind: all tests stand between TF_LITE_MICRO_TESTS_BEGIN and _END, which
// make up main(). The last line printed is ~~~ALL TESTS PASSED~~~ or ~~~SOME TESTS FAILED~~~.
#ifndef TINYENGINE_TF_TFLM_MICRO_TEST_H_
#define TINYENGINE_TF_TFLM_MICRO_TEST_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tinyengine_tf/tflm_test_values.h"

namespace micro_test {
extern int tests_passed;
extern int tests_failed;
extern bool is_test_complete;
extern bool did_test_fail;

inline int PrintSummary() {
  tinyengine_tf::Print("%d/%d tests passed\r\n", tests_passed, tests_failed + tests_passed);
  tinyengine_tf::Print(tests_failed == 0 ? "~~~ALL TESTS PASSED~~~\n\r\n" : "~~~SOME TESTS FAILED~~~\n\r\n");
  return tests_failed == 0 ? 0 : 1;
}

inline void Begin(const char* name) {
  tinyengine_tf::Print("Testing %s\r\n", name);
  is_test_complete = false;
  did_test_fail = false;
}

inline void End() {
  is_test_complete = true;
  tests_passed += did_test_fail ? 0 : 1;
  tests_failed += did_test_fail ? 1 : 0;
}
}  // namespace micro_test

namespace tflite {
inline void InitializeTest() { tinyengine_tf::SetUpTarget(); }
}  // namespace tflite

#define TF_LITE_MICRO_TESTS_BEGIN \
  namespace micro_test {          \
  int tests_passed;               \
  int tests_failed;               \
  bool is_test_complete;          \
  bool did_test_fail;             \
  }                               \
  int main() {                    \
    tflite::InitializeTest();

#define TF_LITE_MICRO_TESTS_END      \
  return micro_test::PrintSummary(); \
  }

// A loop of one round, so that an assertion can leave a test with `continue`.
#define TF_LITE_MICRO_TEST(name) \
  for (micro_test::Begin(#name); !micro_test::is_test_complete; micro_test::End())

#define TE_TFLM_EXPECT(check)           \
  do {                                  \
    if (!(check)) {                     \
      micro_test::did_test_fail = true; \
    }                                   \
  } while (false)

#define TE_TFLM_ASSERT(check)         \
  if (check) {                        \
  } else {                            \
    micro_test::did_test_fail = true; \
    continue;                         \
  }

#define TF_LITE_MICRO_EXPECT(x) TE_TFLM_EXPECT(TE_TEST_TRUE(x))
#define TF_LITE_MICRO_EXPECT_TRUE(x) TE_TFLM_EXPECT(TE_TEST_TRUE(x))
#define TF_LITE_MICRO_EXPECT_FALSE(x) TE_TFLM_EXPECT(TE_TEST_FALSE(x))
#define TF_LITE_MICRO_EXPECT_EQ(x, y) TE_TFLM_EXPECT(TE_TEST_EQ(x, y))
#define TF_LITE_MICRO_EXPECT_NE(x, y) TE_TFLM_EXPECT(TE_TEST_NE(x, y))
#define TF_LITE_MICRO_EXPECT_GT(x, y) TE_TFLM_EXPECT(TE_TEST_GT(x, y))
#define TF_LITE_MICRO_EXPECT_LT(x, y) TE_TFLM_EXPECT(TE_TEST_LT(x, y))
#define TF_LITE_MICRO_EXPECT_GE(x, y) TE_TFLM_EXPECT(TE_TEST_GE(x, y))
#define TF_LITE_MICRO_EXPECT_LE(x, y) TE_TFLM_EXPECT(TE_TEST_LE(x, y))

#define TF_LITE_MICRO_ASSERT(x) TE_TFLM_ASSERT(TE_TEST_TRUE(x))
#define TF_LITE_MICRO_ASSERT_TRUE(x) TE_TFLM_ASSERT(TE_TEST_TRUE(x))
#define TF_LITE_MICRO_ASSERT_FALSE(x) TE_TFLM_ASSERT(TE_TEST_FALSE(x))
#define TF_LITE_MICRO_ASSERT_EQ(x, y) TE_TFLM_ASSERT(TE_TEST_EQ(x, y))
#define TF_LITE_MICRO_ASSERT_NE(x, y) TE_TFLM_ASSERT(TE_TEST_NE(x, y))
#define TF_LITE_MICRO_ASSERT_GT(x, y) TE_TFLM_ASSERT(TE_TEST_GT(x, y))
#define TF_LITE_MICRO_ASSERT_LT(x, y) TE_TFLM_ASSERT(TE_TEST_LT(x, y))
#define TF_LITE_MICRO_ASSERT_GE(x, y) TE_TFLM_ASSERT(TE_TEST_GE(x, y))
#define TF_LITE_MICRO_ASSERT_LE(x, y) TE_TFLM_ASSERT(TE_TEST_LE(x, y))

#define TF_LITE_MICRO_EXPECT_NEAR(x, y, epsilon) TE_TFLM_EXPECT(TE_TEST_NEAR(x, y, epsilon))
#define TF_LITE_MICRO_ARRAY_ELEMENT_EXPECT_NEAR(arr1, idx1, arr2, idx2, epsilon) \
  TE_TFLM_EXPECT(TE_TEST_NEAR((arr1)[(idx1)], (arr2)[(idx2)], epsilon))
#define TF_LITE_MICRO_EXPECT_STRING_EQ(string1, string2) TE_TFLM_EXPECT(TE_TEST_STREQ(string1, string2))

#define TF_LITE_MICRO_FAIL(msg)                     \
  do {                                              \
    tinyengine_tf::Print("FAIL: %s\r\n", msg);      \
    micro_test::did_test_fail = true;               \
  } while (false)

#define TF_LITE_MICRO_CHECK_FAIL()   \
  do {                               \
    if (micro_test::did_test_fail) { \
      return kTfLiteError;           \
    }                                \
  } while (false)

#endif  // TINYENGINE_TF_TFLM_MICRO_TEST_H_
