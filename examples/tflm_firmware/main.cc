// Firmware for TensorFlow Lite Micro: watches a machine's vibration and tells its state. Nothing in it knows of
// tinyengine_tf; the Makefile decides whether it runs on TFLM or on generated code.
#include "motion_model_data.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "windows.h"

namespace {

constexpr int kStates = 3;
const char* const kStateNames[kStates] = {"still", "running", "failing"};

using OpResolver = tflite::MicroMutableOpResolver<6>;

constexpr int kTensorArenaSize = 6 * 1024;
alignas(16) uint8_t tensor_arena[kTensorArenaSize];

TfLiteStatus RegisterOps(OpResolver& resolver) {
  TF_LITE_ENSURE_STATUS(resolver.AddConv2D());
  TF_LITE_ENSURE_STATUS(resolver.AddDepthwiseConv2D());
  TF_LITE_ENSURE_STATUS(resolver.AddMaxPool2D());
  TF_LITE_ENSURE_STATUS(resolver.AddReshape());
  TF_LITE_ENSURE_STATUS(resolver.AddFullyConnected());
  TF_LITE_ENSURE_STATUS(resolver.AddSoftmax());
  return kTfLiteOk;
}

// Milli-g to the model's int8.
void FillInput(const int16_t* window, TfLiteTensor* input) {
  const int elements = static_cast<int>(input->bytes);
  for (int i = 0; i < elements; ++i) {
    const float stored = static_cast<float>(window[i]) * 0.001f / input->params.scale;
    int value = static_cast<int>(stored < 0 ? stored - 0.5f : stored + 0.5f);
    value += static_cast<int>(input->params.zero_point);
    value = value < -128 ? -128 : (value > 127 ? 127 : value);
    input->data.int8[i] = static_cast<int8_t>(value);
  }
}

int MostLikely(const TfLiteTensor* output) {
  int best = 0;
  for (int i = 1; i < kStates; ++i) {
    best = output->data.int8[i] > output->data.int8[best] ? i : best;
  }
  return best;
}

TfLiteStatus Watch() {
  const tflite::Model* model = tflite::GetModel(g_motion_model_data);
  if (model->version() != TFLITE_SCHEMA_VERSION) {
    MicroPrintf("The model has schema version %d, this firmware knows %d.", static_cast<int>(model->version()),
                TFLITE_SCHEMA_VERSION);
    return kTfLiteError;
  }
  static OpResolver resolver;
  TF_LITE_ENSURE_STATUS(RegisterOps(resolver));
  static tflite::MicroInterpreter interpreter(model, resolver, tensor_arena, kTensorArenaSize);
  TF_LITE_ENSURE_STATUS(interpreter.AllocateTensors());
  MicroPrintf("arena: %d of %d bytes used", static_cast<int>(interpreter.arena_used_bytes()), kTensorArenaSize);
  for (int state = 0; state < kStates; ++state) {
    FillInput(kWindows[state], interpreter.input(0));
    TF_LITE_ENSURE_STATUS(interpreter.Invoke());
    const TfLiteTensor* output = interpreter.output(0);
    const int found = MostLikely(output);
    MicroPrintf("%s: taken for %s (%d %d %d)", kStateNames[state], kStateNames[found], output->data.int8[0],
                output->data.int8[1], output->data.int8[2]);
    if (found != state) {
      return kTfLiteError;
    }
  }
  return kTfLiteOk;
}

}  // namespace

int main() {
  tflite::InitializeTarget();
  const TfLiteStatus status = Watch();
  MicroPrintf(status == kTfLiteOk ? "all states recognised" : "failed");
  return status == kTfLiteOk ? 0 : 1;
}
