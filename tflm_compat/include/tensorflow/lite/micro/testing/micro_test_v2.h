// TFLM's newer test macros, in the manner of googletest: TEST, TEST_F, EXPECT_*, ASSERT_*, TF_LITE_MICRO_TESTS_MAIN.
// Tests register themselves before main() and run in the order in which they stand.
#ifndef TINYENGINE_TF_TFLM_MICRO_TEST_V2_H_
#define TINYENGINE_TF_TFLM_MICRO_TEST_V2_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tinyengine_tf/tflm_test_values.h"

namespace tflite {
inline void InitializeTest() { tinyengine_tf::SetUpTarget(); }
}  // namespace tflite

namespace micro_test {

struct RegisteredTest {
  const char* suite;
  const char* name;
  void (*run)();
  RegisteredTest* next;
  bool failed;
};

// All tests and the outcome of the one that runs; constant-initialised, so it is ready before tests register.
template <typename Tag = void>
struct Runner {
  static RegisteredTest* first;
  static RegisteredTest* last;
  static bool fatal;
  static bool nonfatal;
};
template <typename Tag>
RegisteredTest* Runner<Tag>::first = nullptr;
template <typename Tag>
RegisteredTest* Runner<Tag>::last = nullptr;
template <typename Tag>
bool Runner<Tag>::fatal = false;
template <typename Tag>
bool Runner<Tag>::nonfatal = false;

struct Registrar {
  explicit Registrar(RegisteredTest* test) {
    (Runner<>::last != nullptr ? Runner<>::last->next : Runner<>::first) = test;
    Runner<>::last = test;
  }
};

inline bool HasFatalFailure() { return Runner<>::fatal; }
inline bool HasNonfatalFailure() { return Runner<>::nonfatal; }
inline bool HasFailure() { return Runner<>::fatal || Runner<>::nonfatal; }
inline void FailNonfatally() { Runner<>::nonfatal = true; }
inline void FailFatally() { Runner<>::fatal = true; }

inline void PrintMessage(const char* file, int line, const char* message) {
  tinyengine_tf::Print("%s:%d: Failure\nFailed: %s\n", file, line, message);
}

inline int RunAllTests() {
  int ran = 0;
  int failed = 0;
  tinyengine_tf::Print("[==========] Running tests.\n");
  for (RegisteredTest* test = Runner<>::first; test != nullptr; test = test->next) {
    tinyengine_tf::Print("[ RUN      ] %s.%s\n", test->suite, test->name);
    Runner<>::fatal = false;
    Runner<>::nonfatal = false;
    test->run();
    test->failed = HasFailure();
    tinyengine_tf::Print("%s %s.%s\n", test->failed ? "[  FAILED  ]" : "[       OK ]", test->suite, test->name);
    ++ran;
    failed += test->failed ? 1 : 0;
  }
  tinyengine_tf::Print("[==========] %d tests ran.\n[  PASSED  ] %d tests.\n", ran, ran - failed);
  if (failed == 0) {
    tinyengine_tf::Print("~~~ALL TESTS PASSED~~~\n");
    return 0;
  }
  tinyengine_tf::Print("[  FAILED  ] %d tests, listed below:\n", failed);
  for (const RegisteredTest* test = Runner<>::first; test != nullptr; test = test->next) {
    if (test->failed) {
      tinyengine_tf::Print("[  FAILED  ] %s.%s\n", test->suite, test->name);
    }
  }
  return 1;
}

}  // namespace micro_test

namespace testing {

// Base of fixtures for TEST_F.
class Test {
 public:
  virtual ~Test() {}
  virtual void SetUp() {}
  virtual void TearDown() {}
  static bool HasFatalFailure() { return micro_test::HasFatalFailure(); }
  static bool HasNonfatalFailure() { return micro_test::HasNonfatalFailure(); }
  static bool HasFailure() { return micro_test::HasFailure(); }

  TE_TFLM_HEAP_ONLY_IF_USED
};

}  // namespace testing

inline bool HasFatalFailure() { return micro_test::HasFatalFailure(); }
inline bool HasNonfatalFailure() { return micro_test::HasNonfatalFailure(); }
inline bool HasFailure() { return micro_test::HasFailure(); }

#define TE_TFLM_REGISTER(suite, name, run)                                                                      \
  static micro_test::RegisteredTest suite##_##name##_Registered = {#suite, #name, run, nullptr, false};         \
  static const micro_test::Registrar suite##_##name##_Registrar(&suite##_##name##_Registered);

#define TEST(suite, name)                                      \
  static void suite##_##name##_Test();                         \
  TE_TFLM_REGISTER(suite, name, &suite##_##name##_Test)        \
  static void suite##_##name##_Test()

#define TEST_F(fixture, name)                                                                                       \
  static_assert(std::is_base_of<testing::Test, fixture>::value, "the fixture must be derived from testing::Test"); \
  class fixture##_##name : public fixture {                                                                         \
   public:                                                                                                          \
    void TestBody();                                                                                                \
    static void Run() {                                                                                             \
      fixture##_##name test;                                                                                        \
      test.SetUp();                                                                                                 \
      test.TestBody();                                                                                              \
      test.TearDown();                                                                                              \
    }                                                                                                               \
  };                                                                                                                \
  TE_TFLM_REGISTER(fixture, name, &fixture##_##name::Run)                                                           \
  void fixture##_##name::TestBody()

#define TE_TFLM_V2_EXPECT(check)    \
  do {                              \
    if (!(check)) {                 \
      micro_test::FailNonfatally(); \
    }                               \
  } while (false)

#define TE_TFLM_V2_ASSERT(check) \
  do {                           \
    if (!(check)) {              \
      micro_test::FailFatally(); \
      return;                    \
    }                            \
  } while (false)

#define EXPECT_TRUE(x) TE_TFLM_V2_EXPECT(TE_TEST_TRUE(x))
#define EXPECT_FALSE(x) TE_TFLM_V2_EXPECT(TE_TEST_FALSE(x))
#define EXPECT_EQ(a, b) TE_TFLM_V2_EXPECT(TE_TEST_EQ(a, b))
#define EXPECT_NE(a, b) TE_TFLM_V2_EXPECT(TE_TEST_NE(a, b))
#define EXPECT_GT(a, b) TE_TFLM_V2_EXPECT(TE_TEST_GT(a, b))
#define EXPECT_LT(a, b) TE_TFLM_V2_EXPECT(TE_TEST_LT(a, b))
#define EXPECT_GE(a, b) TE_TFLM_V2_EXPECT(TE_TEST_GE(a, b))
#define EXPECT_LE(a, b) TE_TFLM_V2_EXPECT(TE_TEST_LE(a, b))
#define EXPECT_STREQ(a, b) TE_TFLM_V2_EXPECT(TE_TEST_STREQ(a, b))
#define EXPECT_STRNE(a, b) TE_TFLM_V2_EXPECT(TE_TEST_STRNE(a, b))
#define EXPECT_NEAR(a, b, epsilon) TE_TFLM_V2_EXPECT(TE_TEST_NEAR(a, b, epsilon))
#define EXPECT_FLOAT_EQ(a, b) EXPECT_NEAR(a, b, 4 * std::numeric_limits<float>::epsilon())

#define ASSERT_TRUE(x) TE_TFLM_V2_ASSERT(TE_TEST_TRUE(x))
#define ASSERT_FALSE(x) TE_TFLM_V2_ASSERT(TE_TEST_FALSE(x))
#define ASSERT_EQ(a, b) TE_TFLM_V2_ASSERT(TE_TEST_EQ(a, b))
#define ASSERT_NE(a, b) TE_TFLM_V2_ASSERT(TE_TEST_NE(a, b))
#define ASSERT_GT(a, b) TE_TFLM_V2_ASSERT(TE_TEST_GT(a, b))
#define ASSERT_LT(a, b) TE_TFLM_V2_ASSERT(TE_TEST_LT(a, b))
#define ASSERT_GE(a, b) TE_TFLM_V2_ASSERT(TE_TEST_GE(a, b))
#define ASSERT_LE(a, b) TE_TFLM_V2_ASSERT(TE_TEST_LE(a, b))
#define ASSERT_STREQ(a, b) TE_TFLM_V2_ASSERT(TE_TEST_STREQ(a, b))
#define ASSERT_STRNE(a, b) TE_TFLM_V2_ASSERT(TE_TEST_STRNE(a, b))
#define ASSERT_NEAR(a, b, epsilon) TE_TFLM_V2_ASSERT(TE_TEST_NEAR(a, b, epsilon))
#define ASSERT_FLOAT_EQ(a, b) ASSERT_NEAR(a, b, 4 * std::numeric_limits<float>::epsilon())

#define ADD_FAILURE(msg)                                 \
  do {                                                   \
    micro_test::PrintMessage(__FILE__, __LINE__, (msg)); \
    micro_test::FailNonfatally();                        \
  } while (false)

#define FAIL(msg)                                        \
  do {                                                   \
    micro_test::PrintMessage(__FILE__, __LINE__, (msg)); \
    micro_test::FailFatally();                           \
    return;                                              \
  } while (false)

#define EXPECT_NO_FATAL_FAILURE(statement)                                   \
  do {                                                                       \
    const bool te_failed_before = micro_test::HasFatalFailure();             \
    statement;                                                               \
    if (!te_failed_before && micro_test::HasFatalFailure()) {                \
      ADD_FAILURE("a fatal failure in " #statement);                         \
    }                                                                        \
  } while (false)

#define ASSERT_NO_FATAL_FAILURE(statement)                                   \
  do {                                                                       \
    const bool te_failed_before = micro_test::HasFatalFailure();             \
    statement;                                                               \
    if (!te_failed_before && micro_test::HasFatalFailure()) {                \
      FAIL("a fatal failure in " #statement);                                \
    }                                                                        \
  } while (false)

#define RUN_ALL_TESTS() micro_test::RunAllTests()

#define TF_LITE_MICRO_TESTS_MAIN \
  int main() {                   \
    tflite::InitializeTest();    \
    return RUN_ALL_TESTS();      \
  }

#endif  // TINYENGINE_TF_TFLM_MICRO_TEST_V2_H_
