// What EloquentTinyML's Arduino libraries tflm_esp32 and tflm_cortexm declare: TFLM, and a function that makes an
// interpreter.
#ifndef TINYENGINE_TF_TFLM_ELOQUENT_H_
#define TINYENGINE_TF_TFLM_ELOQUENT_H_

#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

#define ELOQUENT_TFLM

// As in theirs, sketches need no tflite:: for these.
using tflite::ErrorReporter;
using tflite::MicroErrorReporter;
using tflite::MicroInterpreter;
using tflite::MicroMutableOpResolver;
using tflite::Model;

namespace eloq {
namespace tf {

// From the heap. A template for the resolver, whose size is sometimes an uint8_t and sometimes an unsigned.
template <typename Resolver>
MicroInterpreter* newInterpreter(Resolver* resolver, const Model* model, uint8_t* arena, size_t arena_bytes) {
  return new MicroInterpreter(model, *resolver, arena, arena_bytes);
}

}  // namespace tf
}  // namespace eloq

#endif  // TINYENGINE_TF_TFLM_ELOQUENT_H_
