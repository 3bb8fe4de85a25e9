// tflite::MicroBenchmarkRunner<input type>: TFLM's frame for timing a model.
#ifndef TINYENGINE_TF_TFLM_MICRO_BENCHMARK_H_
#define TINYENGINE_TF_TFLM_MICRO_BENCHMARK_H_

#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/recording_micro_interpreter.h"

namespace tflite {

template <typename inputT>
class MicroBenchmarkRunner {
 public:
  MicroBenchmarkRunner(const uint8_t* model, const OpResolver* op_resolver, uint8_t* tensor_arena,
                       int tensor_arena_size, MicroProfilerInterface* profiler, int num_resource_variables = 0)
      : allocator_(RecordingMicroAllocator::Create(tensor_arena, static_cast<size_t>(tensor_arena_size))),
        interpreter_(GetModel(model), *op_resolver, allocator_,
                     MicroResourceVariables::Create(allocator_, num_resource_variables), profiler) {
    interpreter_.AllocateTensors();
  }

  void RunSingleIteration() {
    if (interpreter_.Invoke() == kTfLiteError) {
      MicroPrintf("Invoke failed.");
    }
  }

  int NumInputs() { return static_cast<int>(interpreter_.inputs().size()); }

  // The numbers of std::rand() after `random_seed`, each brought into the range of the input's type.
  void SetRandomInput(const int random_seed, int input_index = 0) {
    std::srand(static_cast<unsigned>(random_seed));
    Fill(input_index, [](int) {
      return static_cast<inputT>(
          std::rand() % (std::numeric_limits<inputT>::max() - std::numeric_limits<inputT>::min() + 1));
    });
  }

  void SetInput(const inputT* custom_input, int input_index = 0) {
    Fill(input_index, [custom_input](int i) { return custom_input[i]; });
  }

  void PrintAllocations() const { interpreter_.GetMicroAllocator().PrintAllocations(); }

 private:
  template <typename ValueAt>
  void Fill(int input_index, ValueAt value_at) {
    TfLiteTensor* const input = interpreter_.input(static_cast<size_t>(input_index));
    inputT* const values = GetTensorData<inputT>(input);
    const int count = static_cast<int>(input->bytes / sizeof(inputT));
    for (int i = 0; i < count; ++i) {
      values[i] = value_at(i);
    }
  }

  RecordingMicroAllocator* allocator_;
  RecordingMicroInterpreter interpreter_;
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_BENCHMARK_H_
