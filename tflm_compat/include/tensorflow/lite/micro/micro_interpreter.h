// tflite::MicroInterpreter over a converted model: the same calls, answers and lifetimes; nothing is interpreted.
//
// RAM: this object, and in the arena what the generated code needs plus one TensorSlot per input and output.
// AllocateTensors only divides the arena; it plans nothing and takes microseconds.
#ifndef TINYENGINE_TF_TFLM_MICRO_INTERPRETER_H_
#define TINYENGINE_TF_TFLM_MICRO_INTERPRETER_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/micro/flatbuffer_utils.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/portable_type_to_tflitetype.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/version.h"
#include "tinyengine_tf/tflm_arena.h"
#include "tinyengine_tf/tflm_tensors.h"

namespace tflite {

class MicroInterpreter {
 public:
  // `extras` are what TFLM's versions accept behind the arena, in any order: an ErrorReporter (until 2022), resource
  // variables, a profiler, preserve_all_tensors; null pointers too.
  template <typename... Extras>
  MicroInterpreter(const Model* model, const OpResolver& op_resolver, uint8_t* tensor_arena,
                   size_t tensor_arena_size, Extras... extras)
      : model_(model != nullptr ? model->converted() : nullptr),
        op_resolver_(op_resolver),
        own_space_(tensor_arena, tensor_arena_size),
        allocator_(nullptr) {
    Init(extras...);
  }

  // For an allocator that several interpreters share. (The condition keeps a null arena and its size out of here.)
  template <typename... Extras>
  MicroInterpreter(const Model* model, const OpResolver& op_resolver, MicroAllocator* allocator,
                   Extras... extras)
      : model_(model != nullptr ? model->converted() : nullptr),
        op_resolver_(op_resolver),
        own_space_(nullptr, 0),
        allocator_(allocator) {
    Init(extras...);
  }

  // A null arena written as nullptr.
  template <typename Size, typename... Extras, typename = typename std::enable_if<std::is_integral<Size>::value>::type>
  MicroInterpreter(const Model* model, const OpResolver& op_resolver, std::nullptr_t, Size, Extras... extras)
      : MicroInterpreter(model, op_resolver, static_cast<uint8_t*>(nullptr), size_t{0}, extras...) {}

  MicroInterpreter(const MicroInterpreter&) = delete;
  MicroInterpreter& operator=(const MicroInterpreter&) = delete;

  ~MicroInterpreter() {
    if (UsesBuiltinArena()) {
      model_->builtin_arena->owner = nullptr;
    }
  }

  // Calling it again only resets the model's state.
  TfLiteStatus AllocateTensors() {
    if (slots_ == nullptr && Allocate() != kTfLiteOk) {
      initialization_status_ = kTfLiteError;
      return kTfLiteError;
    }
    initialization_status_ = Reset();
    return initialization_status_;
  }

  TfLiteStatus Invoke() {
    if (initialization_status_ != kTfLiteOk) {
      Report("Invoke() was called although the interpreter could not be set up.");
      return kTfLiteError;
    }
    if (slots_ == nullptr && AllocateTensors() != kTfLiteOk) {
      return kTfLiteError;
    }
    if (resource_variables_ != nullptr && resource_variables_->resets() != resets_seen_ && Reset() != kTfLiteOk) {
      return kTfLiteError;
    }
    return profiler_ == nullptr ? Status(model_->invoke(arena_)) : InvokeProfiled();
  }

  TfLiteTensor* input(size_t index) { return TensorAt("input", index, 0, inputs_size()); }
  TfLiteTensor* output(size_t index) { return TensorAt("output", index, inputs_size(), outputs_size()); }
  TfLiteTensor* input_tensor(size_t index) { return input(index); }
  TfLiteTensor* output_tensor(size_t index) { return output(index); }

  template <class T>
  T* typed_input_tensor(int tensor_index) {
    return Typed<T>(input(static_cast<size_t>(tensor_index)));
  }
  template <class T>
  T* typed_output_tensor(int tensor_index) {
    return Typed<T>(output(static_cast<size_t>(tensor_index)));
  }

  size_t inputs_size() const { return usable() ? static_cast<size_t>(model_->num_inputs) : 0; }
  size_t outputs_size() const { return usable() ? static_cast<size_t>(model_->num_outputs) : 0; }
  // Numbers in the .tflite file's list of tensors.
  const flatbuffers::Vector<int32_t>& inputs() const { return *Numbers(&SubGraph::inputs); }
  const flatbuffers::Vector<int32_t>& outputs() const { return *Numbers(&SubGraph::outputs); }

  // Sets all that the model remembers between calls to its start values.
  TfLiteStatus Reset() {
    resets_seen_ = resource_variables_ != nullptr ? resource_variables_->resets() : 0;
    return (slots_ == nullptr || model_->reset == nullptr) ? kTfLiteOk : Status(model_->reset(arena_));
  }
  TfLiteStatus ResetVariableTensors() { return Reset(); }

  TfLiteStatus initialization_status() const { return initialization_status_; }

  // With an aligned arena this many bytes are enough; with another one up to 15 more.
  size_t arena_used_bytes() const { return allocator_ != nullptr ? allocator_->used_bytes() : own_space_.used_bytes(); }

  bool preserve_all_tensors() const { return false; }
  TfLiteStatus SetMicroExternalContext(void* external_context_payload) {
    return external_context_payload != nullptr ? kTfLiteOk : kTfLiteError;
  }
  TfLiteStatus SetAlternateProfiler(MicroProfilerInterface*) { return kTfLiteOk; }

  template <typename T = void>
  TfLiteEvalTensor* GetTensor(int, int = 0) {
    TE_TFLM_UNSUPPORTED(T, "tensors inside the model share memory in generated code; there are input() and output()");
    return nullptr;
  }
  template <typename T = void>
  TfLiteTensor* tensor(size_t) {
    TE_TFLM_UNSUPPORTED(T, "tensors inside the model share memory in generated code; there are input() and output()");
    return nullptr;
  }
  template <typename T = void>
  TfLiteStatus ResetVariableTensor(int, int = 0) {
    TE_TFLM_UNSUPPORTED(T, "one variable cannot be reset alone; Reset() resets everything the model remembers");
    return kTfLiteError;
  }
  template <typename T = void>
  TfLiteStatus PrepareNodeAndRegistrationDataFromFlatbuffer() {
    TE_TFLM_UNSUPPORTED(T, "there is no flatbuffer and there are no nodes; call AllocateTensors()");
    return kTfLiteError;
  }
  template <typename T = void>
  TfLiteStatus SetDecompressionMemory(const MicroContext::AlternateMemoryRegion*, size_t) {
    TE_TFLM_UNSUPPORTED(T, "compressed models are not converted, so there is nothing to decompress");
    return kTfLiteError;
  }

 protected:
  const MicroAllocator& allocator() const { return *allocator_; }

 private:
  bool usable() const { return tinyengine_tf::WhyNotUsable(model_) == nullptr; }
  bool UsesBuiltinArena() const {
    return usable() && model_->builtin_arena != nullptr && model_->builtin_arena->owner == this;
  }
  typedef const flatbuffers::Vector<int32_t>* (SubGraph::*NumbersOfGraph)() const;
  const flatbuffers::Vector<int32_t>* Numbers(NumbersOfGraph list) const {
    static const uint32_t none = 0;  // a vector of length 0
    const tinyengine_tf::GraphRoot* const graph =
        model_ != nullptr ? tinyengine_tf::RootOf(model_->graph) : nullptr;
    return graph != nullptr ? (graph->subgraphs()->Get(0)->*list)()
                            : reinterpret_cast<const flatbuffers::Vector<int32_t>*>(&none);
  }
  tinyengine_tf::ArenaSpace* space() { return allocator_ != nullptr ? allocator_->space() : &own_space_; }
  static TfLiteStatus Status(int code) { return code == 0 ? kTfLiteOk : kTfLiteError; }

  template <typename... Extras>
  void Init(Extras... extras) {
    const int taken[] = {0, (Take(extras), 0)...};
    (void)taken;
    initialization_status_ = usable() ? kTfLiteOk : kTfLiteError;
  }

  void Take(ErrorReporter* reporter) { reporter_ = reporter; }
  void Take(MicroProfilerInterface* profiler) { profiler_ = profiler; }
  void Take(MicroResourceVariables* resource_variables) { resource_variables_ = resource_variables; }
  void Take(std::nullptr_t) {}
  void Take(bool) {}
  void Take(int) {}   // NULL, on some compilers
  void Take(long) {}  // NULL, on others
  void Take(long long) {}

#ifndef TF_LITE_STRIP_ERROR_STRINGS
  void Report(const char* format, ...) const {
    va_list arguments;
    va_start(arguments, format);
    if (reporter_ != nullptr) {
      reporter_->Report(format, arguments);
    } else {
      VMicroPrintf(format, arguments);
    }
    va_end(arguments);
  }
#else
  template <typename... Ignored>
  void Report(const Ignored&...) const {}
#endif

  TfLiteStatus Allocate();
  bool AllocateIn(tinyengine_tf::ArenaSpace* space);
  void WarnAboutMissingOps() const;
  TfLiteStatus InvokeProfiled();

  TfLiteTensor* TensorAt(const char* kind, size_t index, size_t first, size_t count) const {
    if (index >= count) {
      Report("%s index %u out of range: the model has %u.", kind, static_cast<unsigned>(index),
             static_cast<unsigned>(count));
      return nullptr;
    }
    if (slots_ == nullptr) {
      Report("%s(%u) was asked for before AllocateTensors().", kind, static_cast<unsigned>(index));
      return nullptr;
    }
    return &slots_[first + index].tensor;
  }

  template <class T>
  static T* Typed(TfLiteTensor* tensor) {
    return tensor != nullptr && tensor->type == typeToTfLiteType<T>() ? GetTensorData<T>(tensor) : nullptr;
  }

  const te_model* model_;
  const OpResolver& op_resolver_;
  tinyengine_tf::ArenaSpace own_space_;
  MicroAllocator* allocator_;
  ErrorReporter* reporter_ = nullptr;
  MicroProfilerInterface* profiler_ = nullptr;
  MicroResourceVariables* resource_variables_ = nullptr;
  uint32_t resets_seen_ = 0;                    // of the resource variables
  void* arena_ = nullptr;                       // where the generated code works
  tinyengine_tf::TensorSlot* slots_ = nullptr;  // null until allocated
  TfLiteStatus initialization_status_ = kTfLiteError;
};

}  // namespace tflite

#include "tinyengine_tf/tflm_interpreter_inl.h"

#endif  // TINYENGINE_TF_TFLM_MICRO_INTERPRETER_H_
