// Written as firmware for TFLM of TensorFlow 2.3 to 2.9 is written.
#include <TensorFlowLite.h>

#include "models.h"
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/test_helpers.h"
#include "tensorflow/lite/micro/testing/micro_test.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/version.h"

namespace {

tflite::ErrorReporter* error_reporter = nullptr;
const tflite::Model* model = nullptr;
tflite::MicroInterpreter* interpreter = nullptr;
TfLiteTensor* model_input = nullptr;

constexpr int kTensorArenaSize = 2 * 1024;
uint8_t tensor_arena[kTensorArenaSize];

// Keeps the last message, as firmware does that shows errors on a display.
class KeepingReporter : public tflite::ErrorReporter {
 public:
  int Report(const char* format, va_list args) override { return vsnprintf(text, sizeof(text), format, args); }
  char text[200];
};

template <typename inputT, typename outputT, int numOps>
class Runner {
 public:
  Runner(const uint8_t* model_data, tflite::MicroMutableOpResolver<numOps>& resolver, uint8_t* arena, int arena_size)
      : model_(tflite::GetModel(model_data)),
        reporter_(&micro_reporter_),
        interpreter_(model_, resolver, arena, arena_size, reporter_) {
    interpreter_.AllocateTensors();
  }
  outputT Run(inputT value) {
    tflite::GetTensorData<inputT>(interpreter_.input(0))[0] = value;
    if (interpreter_.Invoke() != kTfLiteOk) {
      TF_LITE_REPORT_ERROR(reporter_, "Invoke failed.");
    }
    return tflite::GetTensorData<outputT>(interpreter_.output(0))[0];
  }

 private:
  const tflite::Model* model_;
  tflite::MicroErrorReporter micro_reporter_;
  tflite::ErrorReporter* reporter_;
  tflite::MicroInterpreter interpreter_;
};

void setup() {
  static tflite::MicroErrorReporter micro_error_reporter;
  error_reporter = &micro_error_reporter;
  model = tflite::GetModel(g_negate);
  if (model->version() != TFLITE_SCHEMA_VERSION) {
    TF_LITE_REPORT_ERROR(error_reporter, "Model provided is schema version %d not equal to supported version %d.",
                         model->version(), TFLITE_SCHEMA_VERSION);
    return;
  }
  static tflite::AllOpsResolver resolver;
  static tflite::MicroInterpreter static_interpreter(model, resolver, tensor_arena, kTensorArenaSize, error_reporter);
  interpreter = &static_interpreter;
  if (interpreter->AllocateTensors() != kTfLiteOk) {
    TF_LITE_REPORT_ERROR(error_reporter, "AllocateTensors() failed");
    return;
  }
  model_input = interpreter->input(0);
}

}  // namespace

TF_LITE_MICRO_TESTS_BEGIN

TF_LITE_MICRO_TEST(ArduinoStyle) {
  setup();
  TF_LITE_MICRO_ASSERT(model_input != nullptr);
  TF_LITE_MICRO_EXPECT_EQ(model_input->bytes, 4);
  model_input->data.int8[3] = 100;
  TF_LITE_MICRO_EXPECT_EQ(kTfLiteOk, interpreter->Invoke());
  TF_LITE_MICRO_EXPECT_EQ(interpreter->output(0)->data.int8[3], -100);
  TF_LITE_MICRO_EXPECT_EQ(interpreter->ResetVariableTensors(), kTfLiteOk);
}

TF_LITE_MICRO_TEST(ResolverWithReporterAndOldRegistrations) {
  tflite::MicroMutableOpResolver<3> resolver(error_reporter);
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddFullyConnected(), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddConv2D(tflite::ops::micro::Register_CONV_2D()), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(
      resolver.AddBuiltin(tflite::BuiltinOperator_SOFTMAX, tflite::ops::micro::Register_SOFTMAX(), 1, 2), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddMean(), kTfLiteError);
}

TF_LITE_MICRO_TEST(RunnerOfAnIntArenaSize) {
  tflite::MicroMutableOpResolver<2> resolver;
  resolver.AddConv2D();
  Runner<int8_t, int8_t, 2> runner(g_negate, resolver, tensor_arena, kTensorArenaSize);
  TF_LITE_MICRO_EXPECT_EQ(runner.Run(7), -7);
}

TF_LITE_MICRO_TEST(NullPointersInEveryPlace) {
  tflite::AllOpsResolver resolver;
  const tflite::Model* m = tflite::GetModel(g_negate);
  tflite::MicroProfilerInterface* no_profiler = nullptr;
  tflite::MicroInterpreter a(m, resolver, tensor_arena, kTensorArenaSize, nullptr);
  tflite::MicroInterpreter b(m, resolver, tensor_arena, kTensorArenaSize, nullptr, nullptr);
  tflite::MicroInterpreter c(m, resolver, tensor_arena, kTensorArenaSize, nullptr, nullptr, no_profiler);
  tflite::MicroInterpreter d(m, resolver, tensor_arena, kTensorArenaSize, error_reporter, nullptr, nullptr);
  tflite::MicroInterpreter e(m, resolver, tensor_arena, kTensorArenaSize, nullptr, no_profiler, true);
  tflite::MicroInterpreter f(m, resolver, tensor_arena, kTensorArenaSize, NULL);
  TF_LITE_MICRO_EXPECT_EQ(a.AllocateTensors(), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(d.AllocateTensors(), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(f.AllocateTensors(), kTfLiteOk);
}

TF_LITE_MICRO_TEST(AllocatorWithReporterForTwoModels) {
  tflite::AllOpsResolver resolver;
  tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(tensor_arena, kTensorArenaSize, error_reporter);
  TF_LITE_MICRO_ASSERT(allocator != nullptr);
  tflite::MicroInterpreter one(tflite::GetModel(g_negate), resolver, allocator, error_reporter);
  tflite::MicroInterpreter two(tflite::GetModel(g_counter), resolver, allocator, error_reporter);
  TF_LITE_MICRO_EXPECT_EQ(one.AllocateTensors(), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(two.AllocateTensors(), kTfLiteOk);
  TF_LITE_MICRO_EXPECT(tflite::MicroAllocator::Create(tensor_arena, kTensorArenaSize, nullptr) != nullptr);
}

TF_LITE_MICRO_TEST(TensorsForTestsOfTheFirmwaresOwnCode) {
  const int8_t scores[] = {-128, 0, 127, 5};
  int dims[] = {2, 1, 4};
  TfLiteIntArray* shape = tflite::testing::IntArrayFromInts(dims);
  TfLiteTensor by_range = tflite::testing::CreateQuantizedTensor(scores, shape, -128.0f, 127.0f);
  TF_LITE_MICRO_EXPECT_EQ(by_range.dims->size, 2);
  TF_LITE_MICRO_EXPECT_EQ(by_range.dims->data[1], 4);
  TF_LITE_MICRO_EXPECT_EQ(by_range.type, kTfLiteInt8);
  TF_LITE_MICRO_EXPECT_EQ(by_range.bytes, 4);
  TF_LITE_MICRO_EXPECT_EQ(by_range.data.int8[2], 127);
  TF_LITE_MICRO_EXPECT_NEAR(by_range.params.scale, 1.0f, 1e-6f);
  TF_LITE_MICRO_EXPECT_EQ(by_range.params.zero_point, 0);
  TfLiteTensor given = tflite::testing::CreateQuantizedTensor(scores, shape, 0.5f, -3);
  TF_LITE_MICRO_EXPECT_EQ(given.params.zero_point, -3);
  const float values[] = {1.0f, 2.0f, 3.0f, 4.0f};
  TF_LITE_MICRO_EXPECT_EQ(tflite::testing::CreateTensor(values, shape).bytes, 16);
  TF_LITE_MICRO_EXPECT_EQ(tflite::testing::TestStrcmp("yes", "yes"), 0);
}

TF_LITE_MICRO_TEST(MessagesGoToTheFirmwaresReporter) {
  KeepingReporter reporter;
  reporter.text[0] = '\0';
  tflite::AllOpsResolver resolver;
  alignas(16) static uint8_t small[64];
  tflite::MicroInterpreter interpreter2(tflite::GetModel(g_negate), resolver, small, sizeof(small), &reporter);
  TF_LITE_MICRO_EXPECT_EQ(interpreter2.AllocateTensors(), kTfLiteError);
#ifndef TF_LITE_STRIP_ERROR_STRINGS
  TF_LITE_MICRO_EXPECT(strstr(reporter.text, "it has 64 bytes, needed are ") != nullptr);
  const int needed = atoi(strstr(reporter.text, "needed are ") + 11);
  tflite::MicroInterpreter exact(tflite::GetModel(g_negate), resolver, tensor_arena + 3, needed + 13, &reporter);
  TF_LITE_MICRO_EXPECT_EQ(exact.AllocateTensors(), kTfLiteOk);
#endif
}

TF_LITE_MICRO_TEST(WhatTheModelSaysOfItself) {
  const tflite::Model* m = tflite::GetModel(g_negate);
  TF_LITE_MICRO_EXPECT(m->description()->str() == "by hand");
  TF_LITE_MICRO_EXPECT_EQ(m->description()->size(), 7);
  TF_LITE_MICRO_EXPECT_EQ(m->subgraphs()->size(), 1);
  TF_LITE_MICRO_EXPECT_EQ(tflite::NumSubgraphOperators(m, 0), 2);
  tflite::AllOpsResolver resolver;
  const TfLiteRegistration* registration = nullptr;
  TF_LITE_MICRO_EXPECT_EQ(
      tflite::GetRegistrationFromOpCode(m->operator_codes()->Get(0), resolver, error_reporter, &registration),
      kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(registration->builtin_code, tflite::BuiltinOperator_CONV_2D);
  TF_LITE_MICRO_EXPECT(strcmp(tflite::EnumNameBuiltinOperator(tflite::BuiltinOperator_CONV_2D), "CONV_2D") == 0);
  TF_LITE_MICRO_EXPECT_EQ(
      tflite::GetRegistrationFromOpCode(m->operator_codes()->Get(1), resolver, &registration), kTfLiteOk);
  TF_LITE_MICRO_EXPECT(strcmp(registration->custom_name, "NegateCustom") == 0);
  tflite::MicroMutableOpResolver<1> none;
  TF_LITE_MICRO_EXPECT_EQ(
      tflite::GetRegistrationFromOpCode(m->operator_codes()->Get(0), none, &registration), kTfLiteError);
  TF_LITE_MICRO_EXPECT(registration == nullptr);
}

TF_LITE_MICRO_TEST(ChecksOfTheBuffer) {
  flatbuffers::Verifier of_a_model(g_negate, g_negate_len);
  TF_LITE_MICRO_EXPECT(tflite::VerifyModelBuffer(of_a_model));
  const uint8_t other[64] = {0};
  flatbuffers::Verifier of_another(other, sizeof(other));
  TF_LITE_MICRO_EXPECT(!tflite::VerifyModelBuffer(of_another));
}

TF_LITE_MICRO_TEST(AligningAndSizes) {
  uint8_t* const start = tensor_arena;
  uint8_t* const up = tflite::AlignPointerUp(start + 1, 16);
  TF_LITE_MICRO_EXPECT(reinterpret_cast<uintptr_t>(up) % 16 == 0 && up > start && up < start + 17);
  TF_LITE_MICRO_EXPECT(tflite::AlignPointerDown(up + 15, 16) == up);
  TF_LITE_MICRO_EXPECT_EQ(tflite::AlignSizeUp(17, 8), static_cast<size_t>(24));
  size_t bytes = 0;
  TF_LITE_MICRO_EXPECT_EQ(tflite::TfLiteTypeSizeOf(kTfLiteInt16, &bytes), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(bytes, static_cast<size_t>(2));
  TF_LITE_MICRO_EXPECT_EQ(tflite::TfLiteTypeSizeOf(kTfLiteString, &bytes), kTfLiteError);
}

TF_LITE_MICRO_TEST(RegistrationsOfPorts) {
  tflite::MicroMutableOpResolver<4> resolver;
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddQuantize(tflite::Register_QUANTIZE_FLOAT32_INT8()), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddDequantize(tflite::Register_DEQUANTIZE_INT8()), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddMean(tflite::Register_MEAN_INT8()), kTfLiteOk);
  TF_LITE_MICRO_EXPECT_EQ(resolver.AddMul(tflite::Register_MUL_INT16()), kTfLiteOk);
}

TF_LITE_MICRO_TESTS_END
