// Two interpreters on one model that remembers, each with memory of its own, as streaming keyword spotters are run:
// stdin holds the inputs of all inferences, stdout gets the outputs of the first interpreter, then once more that of
// the first input after Reset(), and that of the second interpreter after ResetAll().
// With IN_FILE and OUT_FILE, files of these names take the place of stdin and stdout.
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"

static uint8_t arena[4096];
static uint8_t variables[1024];
static uint8_t other_arena[4096];

static bool Step(tflite::MicroInterpreter* interpreter, const int8_t* in) {
  TfLiteTensor* input = interpreter->input(0);
  memcpy(input->data.int8, in, input->bytes);
  return interpreter->Invoke() == kTfLiteOk;
}

int main() {
#ifdef IN_FILE
  FILE* const from = fopen(IN_FILE, "rb");
  FILE* const to = fopen(OUT_FILE, "wb");
#else
  FILE* const from = stdin;
  FILE* const to = stdout;
#endif
  tflite::MicroMutableOpResolver<6> resolver;
  resolver.AddCallOnce();
  resolver.AddVarHandle();
  resolver.AddReadVariable();
  resolver.AddAssignVariable();
  resolver.AddConcatenation();
  resolver.AddConv2D();
  tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(variables, sizeof(variables));
  tflite::MicroResourceVariables* resources = tflite::MicroResourceVariables::Create(allocator, 20);
  const tflite::Model* model = tflite::GetModel(g_streaming);
  tflite::MicroInterpreter interpreter(model, resolver, arena, sizeof(arena), resources);
  tflite::MicroInterpreter other(model, resolver, other_arena, sizeof(other_arena), resources);
  if (interpreter.AllocateTensors() != kTfLiteOk || other.AllocateTensors() != kTfLiteOk) {
    return 2;
  }
  int8_t first[256];
  int8_t in[256];
  const size_t bytes = interpreter.input(0)->bytes;
  const TfLiteTensor* output = interpreter.output(0);
  for (int count = 0; fread(in, 1, bytes, from) == bytes; ++count) {
    if (count == 0) {
      memcpy(first, in, bytes);
    }
    if (!Step(&interpreter, in) || !Step(&other, in)) {
      return 3;
    }
    if (memcmp(output->data.int8, other.output(0)->data.int8, output->bytes) != 0) {
      return 4;
    }
    fwrite(output->data.raw, 1, output->bytes, to);
  }
  if (interpreter.Reset() != kTfLiteOk || !Step(&interpreter, first)) {
    return 5;
  }
  fwrite(output->data.raw, 1, output->bytes, to);
  if (resources->ResetAll() != kTfLiteOk || !Step(&other, first)) {
    return 6;
  }
  fwrite(other.output(0)->data.raw, 1, output->bytes, to);
  fflush(to);
  return 0;
}
