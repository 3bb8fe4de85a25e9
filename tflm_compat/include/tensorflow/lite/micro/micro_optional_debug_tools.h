// PrintInterpreterState() of TFLM until 2021: prints what the interpreter has, which here are inputs and outputs.
#ifndef TINYENGINE_TF_TFLM_MICRO_OPTIONAL_DEBUG_TOOLS_H_
#define TINYENGINE_TF_TFLM_MICRO_OPTIONAL_DEBUG_TOOLS_H_

#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

inline void PrintTensorState(const char* kind, size_t index, const TfLiteTensor* tensor) {
  if (tensor != nullptr) {
    MicroPrintf("%s %u: %s, %u bytes at %p", kind, static_cast<unsigned>(index), TfLiteTypeGetName(tensor->type),
                static_cast<unsigned>(tensor->bytes), tensor->data.data);
  }
}

inline void PrintInterpreterState(MicroInterpreter* interpreter) {
  for (size_t i = 0; i < interpreter->inputs_size(); ++i) {
    PrintTensorState("input", i, interpreter->input(i));
  }
  for (size_t i = 0; i < interpreter->outputs_size(); ++i) {
    PrintTensorState("output", i, interpreter->output(i));
  }
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_OPTIONAL_DEBUG_TOOLS_H_
