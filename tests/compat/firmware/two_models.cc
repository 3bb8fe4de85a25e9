// Two models in one program, each on an arena of its own; prints whether both are found and which tensors they have.
#include <stdio.h>

#include FIRST_HEADER
#include SECOND_HEADER
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

static uint8_t first_arena[200000];
static uint8_t second_arena[200000];

int main() {
  tflite::AllOpsResolver resolver;
  tflite::MicroInterpreter first(tflite::GetModel(FIRST), resolver, first_arena, sizeof(first_arena));
  tflite::MicroInterpreter second(tflite::GetModel(SECOND), resolver, second_arena, sizeof(second_arena));
  const int ok = first.AllocateTensors() == kTfLiteOk && second.AllocateTensors() == kTfLiteOk &&
                 second.Invoke() == kTfLiteOk && first.Invoke() == kTfLiteOk;
  if (!ok) {
    return 1;
  }
  printf("%u %u\n", static_cast<unsigned>(first.input(0)->bytes), static_cast<unsigned>(second.input(0)->bytes));
  return 0;
}
