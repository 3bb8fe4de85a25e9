// Runs a model once through TFLM's API: stdin holds all inputs one after the other, stdout gets all outputs.
// MODEL is the array, ARENA_BYTES the arena; SHIFT moves its start; PROFILE prints a table of the layers to stderr.
// With IN_FILE and OUT_FILE, files of these names take the place of stdin and stdout.
#include <stdio.h>

#include MODEL_HEADER
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_profiler.h"

#ifndef SHIFT
#define SHIFT 0
#endif

alignas(16) static uint8_t arena[ARENA_BYTES + SHIFT];

int main() {
#ifdef IN_FILE
  FILE* const from = fopen(IN_FILE, "rb");
  FILE* const to = fopen(OUT_FILE, "wb");
#else
  FILE* const from = stdin;
  FILE* const to = stdout;
#endif
  tflite::AllOpsResolver resolver;
  tflite::MicroProfiler profiler;
#ifdef PROFILE
  tflite::MicroInterpreter interpreter(tflite::GetModel(MODEL), resolver, arena + SHIFT, ARENA_BYTES, nullptr,
                                       &profiler);
#else
  tflite::MicroInterpreter interpreter(tflite::GetModel(MODEL), resolver, arena + SHIFT, ARENA_BYTES);
#endif
  if (interpreter.AllocateTensors() != kTfLiteOk) {
    return 2;
  }
  for (size_t i = 0; i < interpreter.inputs_size(); ++i) {
    TfLiteTensor* input = interpreter.input(i);
    if (fread(input->data.raw, 1, input->bytes, from) != input->bytes) {
      return 3;
    }
  }
  if (interpreter.Invoke() != kTfLiteOk) {
    return 4;
  }
  for (size_t i = 0; i < interpreter.outputs_size(); ++i) {
    const TfLiteTensor* output = interpreter.output(i);
    fwrite(output->data.raw, 1, output->bytes, to);
  }
  fflush(to);
#ifdef PROFILE
  profiler.LogCsv();
#endif
  return 0;
}
