// tflite::RecordingMicroInterpreter: an interpreter whose allocator prints how the arena is divided.
#ifndef TINYENGINE_TF_TFLM_RECORDING_MICRO_INTERPRETER_H_
#define TINYENGINE_TF_TFLM_RECORDING_MICRO_INTERPRETER_H_

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/recording_micro_allocator.h"

namespace tflite {

class RecordingMicroInterpreter : public MicroInterpreter {
 public:
  template <typename... Extras>
  RecordingMicroInterpreter(const Model* model, const OpResolver& op_resolver, uint8_t* tensor_arena,
                            size_t tensor_arena_size, Extras... extras)
      : RecordingMicroInterpreter(model, op_resolver, RecordingMicroAllocator::Create(tensor_arena, tensor_arena_size),
                                  extras...) {}

  template <typename... Extras>
  RecordingMicroInterpreter(const Model* model, const OpResolver& op_resolver, RecordingMicroAllocator* allocator,
                            Extras... extras)
      : MicroInterpreter(model, op_resolver, static_cast<MicroAllocator*>(allocator), extras...),
        recording_allocator_(allocator) {}

  const RecordingMicroAllocator& GetMicroAllocator() const { return *recording_allocator_; }

 private:
  const RecordingMicroAllocator* recording_allocator_;
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_RECORDING_MICRO_INTERPRETER_H_
