// Written as firmware for TFLM of 2019 to spring 2020: resolvers without a size, or MicroOpResolver<N>.
#include <TensorFlowLite.h>

#ifdef UNDER_EXPERIMENTAL
#include "tensorflow/lite/experimental/micro/kernels/all_ops_resolver.h"
#include "tensorflow/lite/experimental/micro/micro_error_reporter.h"
#include "tensorflow/lite/experimental/micro/micro_interpreter.h"
#include "tensorflow/lite/experimental/micro/micro_mutable_op_resolver.h"
#else
#include "tensorflow/lite/micro/kernels/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_optional_debug_tools.h"
#include "tensorflow/lite/micro/micro_string.h"
#include "tensorflow/lite/micro/simple_memory_allocator.h"
#endif
#include "models.h"
#include "tensorflow/lite/c/c_api_internal.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/version.h"

TfLiteRegistration* nothing() { return nullptr; }

// The negation of 5 through a resolver, or a number above 127.
template <typename Resolver>
static int negate(const Resolver& resolver) {
  static uint8_t arena[1024];
  tflite::MicroErrorReporter reporter;
  const tflite::Model* model = tflite::GetModel(g_negate);
  tflite::MicroInterpreter interpreter(model, resolver, arena, sizeof(arena), &reporter);
  if (interpreter.AllocateTensors() != kTfLiteOk) return 1000;
  interpreter.input(0)->data.int8[0] = 5;
  if (interpreter.Invoke() != kTfLiteOk) return 2000;
  return interpreter.output(0)->data.int8[0];
}

int main() {
  static tflite::MicroMutableOpResolver without_size;
  without_size.AddBuiltin(tflite::BuiltinOperator_CONV_2D, tflite::ops::micro::Register_CONV_2D(), 1, 3);
  without_size.AddCustom("NegateCustom", nothing(), 1, 1);
  static tflite::MicroOpResolver<2> with_size;
  const bool room = with_size.AddBuiltin(tflite::BuiltinOperator_CONV_2D, tflite::ops::micro::Register_CONV_2D()) == kTfLiteOk &&
                    with_size.AddCustom("NegateCustom", nothing()) == kTfLiteOk &&
                    with_size.AddBuiltin(tflite::BuiltinOperator_ADD, tflite::ops::micro::Register_ADD()) == kTfLiteError;
  static tflite::ops::micro::AllOpsResolver all;
  return room && negate(without_size) == -5 && negate(with_size) == -5 && negate(all) == -5 ? 0 : 1;
}
