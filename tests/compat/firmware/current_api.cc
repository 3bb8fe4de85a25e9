// Written as firmware for current TFLM is written; checks what each call answers.
#include "models.h"
#include "tensorflow/lite/core/c/common.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/micro/recording_micro_interpreter.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/micro/testing/micro_test_v2.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

using Resolver = tflite::MicroMutableOpResolver<2>;

TfLiteStatus RegisterOps(Resolver& resolver) {
  TF_LITE_ENSURE_STATUS(resolver.AddConv2D(tflite::Register_CONV_2D_INT8()));
  TF_LITE_ENSURE_STATUS(resolver.AddCustom("NegateCustom", tflite::Register_ETHOSU()));
  return kTfLiteOk;
}

alignas(16) uint8_t g_arena[1024];

}  // namespace

TEST(Inference, AlignedArena) {
  const tflite::Model* model = ::tflite::GetModel(g_negate);
  ASSERT_EQ(model->version(), TFLITE_SCHEMA_VERSION);
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  tflite::MicroInterpreter interpreter(model, resolver, g_arena, sizeof(g_arena));
  ASSERT_EQ(interpreter.initialization_status(), kTfLiteOk);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  EXPECT_EQ(interpreter.inputs_size(), 1);
  EXPECT_EQ(interpreter.outputs_size(), 1);
  EXPECT_EQ(interpreter.inputs().size(), 1);
  EXPECT_EQ(interpreter.outputs().Get(0), 5);
  TfLiteTensor* input = interpreter.input(0);
  ASSERT_NE(input, nullptr);
  EXPECT_EQ(input->dims->size, 4);
  EXPECT_EQ(input->dims->data[1], 2);
  EXPECT_EQ(tflite::ElementCount(*input->dims), 4);
  EXPECT_EQ(input->type, kTfLiteInt8);
  EXPECT_EQ(input->bytes, 4);
  EXPECT_FLOAT_EQ(input->params.scale, 0.5f);
  EXPECT_EQ(input->params.zero_point, -3);
  ASSERT_EQ(input->quantization.type, kTfLiteAffineQuantization);
  const auto* affine = static_cast<const TfLiteAffineQuantization*>(input->quantization.params);
  EXPECT_EQ(affine->scale->size, 1);
  EXPECT_FLOAT_EQ(affine->scale->data[0], 0.5f);
  EXPECT_EQ(affine->zero_point->data[0], -3);
  for (int i = 0; i < 4; ++i) {
    input->data.int8[i] = static_cast<int8_t>(10 * i - 15);
  }
  ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
  const TfLiteTensor* output = interpreter.output(0);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(tflite::GetTensorData<int8_t>(output)[i], 15 - 10 * i);
  }
  EXPECT_EQ(interpreter.typed_output_tensor<int8_t>(0), output->data.int8);
  EXPECT_TRUE(interpreter.typed_output_tensor<float>(0) == nullptr);
  EXPECT_EQ(tflite::GetTensorShape(output).FlatSize(), 4);
  EXPECT_STREQ(TfLiteTypeGetName(output->type), "INT8");
  EXPECT_TRUE(interpreter.arena_used_bytes() > 52);
}

TEST(Inference, EveryArenaAddressAndTheExactSize) {
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  size_t used = 0;
  {
    tflite::MicroInterpreter interpreter(tflite::GetModel(g_negate), resolver, g_arena, sizeof(g_arena));
    ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
    used = interpreter.arena_used_bytes();
  }
  for (size_t shift = 0; shift < 16; ++shift) {
    // The model's bytes start at the next multiple of 16; what follows them is aligned to 8.
    const size_t padding = (16 - shift) % 16;
    for (size_t i = 0; i < sizeof(g_arena); ++i) {
      g_arena[i] = 0xee;
    }
    tflite::MicroInterpreter fits(tflite::GetModel(g_negate), resolver, g_arena + shift, used + padding);
    ASSERT_EQ(fits.AllocateTensors(), kTfLiteOk);
    fits.input(0)->data.int8[2] = 42;
    ASSERT_EQ(fits.Invoke(), kTfLiteOk);
    EXPECT_EQ(fits.output(0)->data.int8[2], -42);
    for (size_t i = shift + used + padding; i < sizeof(g_arena); ++i) {
      EXPECT_EQ(g_arena[i], 0xee);
    }
    for (size_t i = 0; i < shift; ++i) {
      EXPECT_EQ(g_arena[i], 0xee);
    }
    tflite::MicroInterpreter lacks_one(tflite::GetModel(g_negate), resolver, g_arena + shift, used + padding - 1);
    EXPECT_EQ(lacks_one.AllocateTensors(), kTfLiteError);
  }
}

TEST(Inference, StateIsResetAndErrorsOfTheModelArriveAtInvoke) {
  tflite::MicroMutableOpResolver<1> resolver;
  tflite::MicroInterpreter interpreter(tflite::GetModel(g_counter), resolver, g_arena, sizeof(g_arena));
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  for (int call = 1; call <= 3; ++call) {
    ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
    EXPECT_EQ(interpreter.output(0)->data.i32[0], call);
  }
  ASSERT_EQ(interpreter.Reset(), kTfLiteOk);
  ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
  EXPECT_EQ(interpreter.output(0)->data.i32[0], 1);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  for (int call = 1; call <= 9; ++call) {
    ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
  }
  EXPECT_EQ(interpreter.Invoke(), kTfLiteError);
}

TEST(Inference, TwoInterpretersOnOneModel) {
  static uint8_t second_arena[512];
  tflite::MicroMutableOpResolver<1> resolver;
  tflite::MicroInterpreter one(tflite::GetModel(g_counter), resolver, g_arena, sizeof(g_arena));
  tflite::MicroInterpreter two(tflite::GetModel(g_counter), resolver, second_arena, sizeof(second_arena));
  ASSERT_EQ(one.Invoke(), kTfLiteOk);  // allocates by itself, as in TFLM
  ASSERT_EQ(one.Invoke(), kTfLiteOk);
  ASSERT_EQ(two.Invoke(), kTfLiteOk);
  EXPECT_EQ(one.output(0)->data.i32[0], 2);
  EXPECT_EQ(two.output(0)->data.i32[0], 1);
}

TEST(Inference, SharedAllocator) {
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(g_arena, sizeof(g_arena));
  ASSERT_NE(allocator, nullptr);
  tflite::MicroInterpreter negate(tflite::GetModel(g_negate), resolver, allocator);
  tflite::MicroInterpreter counter(tflite::GetModel(g_counter), resolver, allocator);
  ASSERT_EQ(negate.AllocateTensors(), kTfLiteOk);
  ASSERT_EQ(counter.AllocateTensors(), kTfLiteOk);
  ASSERT_EQ(counter.Invoke(), kTfLiteOk);
  negate.input(0)->data.int8[0] = 5;
  ASSERT_EQ(negate.Invoke(), kTfLiteOk);
  EXPECT_EQ(negate.output(0)->data.int8[0], -5);
  ASSERT_EQ(counter.Invoke(), kTfLiteOk);  // its state survives the other model's run
  EXPECT_EQ(counter.output(0)->data.i32[0], 2);
}

TEST(Inference, SharedActivationsAreAsLargeAsTheLargestModels) {
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(g_arena, sizeof(g_arena));
  tflite::MicroInterpreter larger(tflite::GetModel(g_negate), resolver, allocator);
  tflite::MicroInterpreter smaller(tflite::GetModel(g_wide), resolver, allocator);
  ASSERT_EQ(larger.AllocateTensors(), kTfLiteOk);
  const size_t before = allocator->used_bytes();
  ASSERT_EQ(smaller.AllocateTensors(), kTfLiteOk);
  EXPECT_EQ(allocator->used_bytes() - before, (3 * sizeof(tinyengine_tf::TensorSlot) + 7) / 8 * 8);
  EXPECT_TRUE(allocator->AllocatePersistentBuffer(sizeof(g_arena) - allocator->used_bytes() + 1) == nullptr);
}

TEST(Inference, SeparateArenas) {
  static uint8_t persistent[512];
  static uint8_t activations[80];
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  tflite::MicroAllocator* allocator =
      tflite::MicroAllocator::Create(persistent, sizeof(persistent), activations, sizeof(activations));
  tflite::MicroInterpreter interpreter(tflite::GetModel(g_negate), resolver, allocator, nullptr, nullptr);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  const uint8_t* data = interpreter.input(0)->data.uint8;
  EXPECT_TRUE(data >= activations && data < activations + sizeof(activations));
}

TEST(Inference, RecordingAndProfiling) {
  tflite::MicroProfiler profiler;
  tflite::MicroMutableOpResolver<1> resolver;
  tflite::RecordingMicroAllocator* allocator = tflite::RecordingMicroAllocator::Create(g_arena, sizeof(g_arena));
  tflite::RecordingMicroInterpreter interpreter(tflite::GetModel(g_wide), resolver, allocator,
                                                tflite::MicroResourceVariables::Create(allocator, 24), &profiler);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  interpreter.input(0)->data.uint8[0] = 1;
  interpreter.input(0)->data.uint8[1] = 2;
  interpreter.input(0)->data.uint8[2] = 3;
  interpreter.input(1)->data.i16[0] = 1000;
  interpreter.input(1)->data.i16[1] = -6;
  ASSERT_EQ(interpreter.Invoke(), kTfLiteOk);
  EXPECT_NEAR(interpreter.output(0)->data.f[0], 2000.0f, 0.0f);
  profiler.LogTicksPerTagCsv();
  profiler.LogCsv();
  profiler.Log();
  profiler.ClearEvents();
  EXPECT_EQ(profiler.GetTotalTicks(), 0);
  interpreter.GetMicroAllocator().PrintAllocations();
  EXPECT_EQ(interpreter.GetMicroAllocator().used_bytes(),
            interpreter.GetMicroAllocator().GetSimpleMemoryAllocator()->GetUsedBytes());
}

TEST(WrongUse, ArenaNullOrTooSmall) {
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  uint8_t* no_arena = nullptr;
  tflite::MicroInterpreter null_arena(tflite::GetModel(g_negate), resolver, no_arena, 1000);
  EXPECT_EQ(null_arena.AllocateTensors(), kTfLiteError);
  EXPECT_EQ(null_arena.Invoke(), kTfLiteError);
  tflite::MicroInterpreter null_literal(tflite::GetModel(g_negate), resolver, nullptr, 1000);
  EXPECT_EQ(null_literal.AllocateTensors(), kTfLiteError);
  tflite::MicroInterpreter tiny(tflite::GetModel(g_negate), resolver, g_arena, 60);
  EXPECT_EQ(tiny.AllocateTensors(), kTfLiteError);
  EXPECT_EQ(tiny.initialization_status(), kTfLiteError);
  EXPECT_EQ(tiny.Invoke(), kTfLiteError);
  tflite::MicroInterpreter empty(tflite::GetModel(g_negate), resolver, g_arena, 0);
  EXPECT_EQ(empty.AllocateTensors(), kTfLiteError);
  tflite::MicroAllocator* no_allocator = tflite::MicroAllocator::Create(g_arena, 8);
  EXPECT_TRUE(no_allocator == nullptr);
  tflite::MicroInterpreter without(tflite::GetModel(g_negate), resolver, no_allocator);
  EXPECT_EQ(without.AllocateTensors(), kTfLiteError);
}

TEST(WrongUse, TensorsBeforeAllocationAndWrongIndex) {
  Resolver resolver;
  ASSERT_EQ(RegisterOps(resolver), kTfLiteOk);
  tflite::MicroInterpreter interpreter(tflite::GetModel(g_negate), resolver, g_arena, sizeof(g_arena));
  EXPECT_TRUE(interpreter.input(0) == nullptr);
  ASSERT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
  EXPECT_TRUE(interpreter.input(1) == nullptr);
  EXPECT_TRUE(interpreter.output(7) == nullptr);
  EXPECT_TRUE(interpreter.input_tensor(static_cast<size_t>(-1)) == nullptr);
  EXPECT_TRUE(interpreter.typed_input_tensor<int8_t>(3) == nullptr);
  EXPECT_TRUE(tflite::GetTensorData<int8_t>(interpreter.output(7)) == nullptr);
}

TEST(WrongUse, NotAConvertedModel) {
  static const unsigned char flatbuffer[128] = {0x1c, 0, 0, 0, 'T', 'F', 'L', '3'};
  tflite::MicroMutableOpResolver<1> resolver;
  const void* const wrong[] = {flatbuffer, g_future, nullptr};
  for (const void* pointer : wrong) {
    const tflite::Model* model = tflite::GetModel(pointer);
    ASSERT_NE(model, nullptr);
    tflite::MicroInterpreter interpreter(model, resolver, g_arena, sizeof(g_arena));
    EXPECT_EQ(interpreter.initialization_status(), kTfLiteError);
    EXPECT_EQ(interpreter.AllocateTensors(), kTfLiteError);
    EXPECT_EQ(interpreter.Invoke(), kTfLiteError);
    EXPECT_EQ(interpreter.inputs_size(), 0);
    EXPECT_TRUE(interpreter.input(0) == nullptr);
  }
  tflite::MicroInterpreter null_model(nullptr, resolver, g_arena, sizeof(g_arena));
  EXPECT_EQ(null_model.AllocateTensors(), kTfLiteError);
}

TEST(WrongUse, ResolverAnswersAsTflmDoes) {
  tflite::MicroMutableOpResolver<2> resolver;
  EXPECT_EQ(resolver.AddSoftmax(), kTfLiteOk);
  EXPECT_EQ(resolver.AddSoftmax(tflite::Register_SOFTMAX_INT8()), kTfLiteError);
  EXPECT_EQ(resolver.AddRfft(), kTfLiteOk);
  EXPECT_EQ(resolver.AddRfft(tflite::tflm_signal::Register_RFFT_INT16()), kTfLiteError);
  EXPECT_EQ(resolver.AddReshape(), kTfLiteError);
  EXPECT_EQ(resolver.GetRegistrationLength(), 2);
  EXPECT_TRUE(resolver.FindOp(tflite::BuiltinOperator_SOFTMAX) != nullptr);
  EXPECT_TRUE(resolver.FindOp(tflite::BuiltinOperator_RESHAPE) == nullptr);
  EXPECT_TRUE(resolver.FindOp("SignalRfft") != nullptr);
}

TEST(WrongUse, MissingOpOnlyWarns) {
  tflite::MicroMutableOpResolver<1> empty_resolver;
  tflite::MicroInterpreter interpreter(tflite::GetModel(g_negate), empty_resolver, g_arena, sizeof(g_arena));
  EXPECT_EQ(interpreter.AllocateTensors(), kTfLiteOk);
}

TEST(BuiltinArena, ServesOneInterpreterAtATime) {
  tflite::MicroMutableOpResolver<1> resolver;
  uint8_t* no_arena = nullptr;
  {
    tflite::MicroInterpreter one(tflite::GetModel(g_wide), resolver, no_arena, 0);
    tflite::MicroInterpreter two(tflite::GetModel(g_wide), resolver, g_arena, 10);
    EXPECT_EQ(one.AllocateTensors(), kTfLiteOk);
    EXPECT_EQ(one.Invoke(), kTfLiteOk);
    EXPECT_EQ(two.AllocateTensors(), kTfLiteError);
  }
  tflite::MicroInterpreter three(tflite::GetModel(g_wide), resolver, g_arena, 10);
  EXPECT_EQ(three.AllocateTensors(), kTfLiteOk);
}

TEST(Objects, LiveWhereFirmwarePutsThem) {
  alignas(16) static unsigned char place[sizeof(tflite::MicroInterpreter)];
  alignas(16) static unsigned char resolver_place[sizeof(Resolver)];
  Resolver* resolver = new (resolver_place) Resolver();
  tflite::MicroInterpreter* interpreter = new (place)
      tflite::MicroInterpreter(tflite::GetModel(g_counter), *resolver, g_arena, sizeof(g_arena));
  EXPECT_EQ(interpreter->AllocateTensors(), kTfLiteOk);
  interpreter->~MicroInterpreter();
  tflite::MicroOpResolver* on_heap = new Resolver();
  tflite::MicroInterpreter* interpreter_on_heap =
      new tflite::MicroInterpreter(tflite::GetModel(g_counter), *on_heap, g_arena, sizeof(g_arena));
  EXPECT_EQ(interpreter_on_heap->Invoke(), kTfLiteOk);
  delete interpreter_on_heap;
  delete on_heap;
}

class Fixture : public testing::Test {
 public:
  void SetUp() override { value = 3; }
  int value = 0;
};

TEST_F(Fixture, IsSetUp) { EXPECT_EQ(value, 3); }

TF_LITE_MICRO_TESTS_MAIN
