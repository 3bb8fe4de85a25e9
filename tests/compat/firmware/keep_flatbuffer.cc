// Firmware that keeps its flatbuffer array; prints what AllocateTensors answers for it and for a changed copy.
#include <stdio.h>

#include "kept_array.h"
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

static uint8_t arena[1000];

static int Try(const unsigned char* array) {
  tflite::AllOpsResolver resolver;
  tflite::MicroInterpreter interpreter(tflite::GetModel(array), resolver, arena, sizeof(arena));
  return interpreter.AllocateTensors();
}

int main() {
  static unsigned char changed[sizeof(kept_array)];
  memcpy(changed, kept_array, sizeof(kept_array));
  const int kept = Try(kept_array);
  changed[sizeof(changed) - 1] ^= 1u;
  const int last = Try(changed);
  changed[sizeof(changed) - 1] ^= 1u;
  changed[20] ^= 1u;
  const int first = Try(changed);
  flatbuffers::Verifier verifier(kept_array, sizeof(kept_array));
  printf("%d %d %d %d\n", kept, last, first, tflite::VerifyModelBuffer(verifier) ? 1 : 0);
  return 0;
}
