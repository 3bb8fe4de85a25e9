// The longer members of tflite::MicroInterpreter: taking memory, and running under a profiler.
#ifndef TINYENGINE_TF_TFLM_INTERPRETER_INL_H_
#define TINYENGINE_TF_TFLM_INTERPRETER_INL_H_

#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

// Takes activations and tensor descriptions out of `space`; false, and nothing taken for good, where they do not fit.
inline bool MicroInterpreter::AllocateIn(tinyengine_tf::ArenaSpace* space) {
  const size_t slots_bytes = tinyengine_tf::SlotsBytes(model_);
  // A model with memory of its own must not share its activations with another interpreter's.
  const bool is_private = space != &own_space_ && model_->reset != nullptr;
  if (!is_private && !space->FitsHeadAndTail(model_->arena_bytes, slots_bytes)) {
    return false;
  }
  void* const arena = is_private ? space->TakeTail(model_->arena_bytes, tinyengine_tf::kHeadAlignment)
                                 : space->ReserveHead(model_->arena_bytes);
  void* const slots = arena != nullptr ? space->TakeTail(slots_bytes, tinyengine_tf::kTailAlignment) : nullptr;
  if (slots == nullptr) {
    return false;
  }
  arena_ = arena;
  slots_ = static_cast<tinyengine_tf::TensorSlot*>(slots);
  tinyengine_tf::FillSlots(slots_, model_, static_cast<unsigned char*>(arena));
  return true;
}

inline TfLiteStatus MicroInterpreter::Allocate() {
  const char* const problem = tinyengine_tf::WhyNotUsable(model_);
  if (problem != nullptr) {
    Report("tinyengine_tf: %s.", problem);
    return kTfLiteError;
  }
  WarnAboutMissingOps();
  if (model_->arena_align > tinyengine_tf::kHeadAlignment) {
    Report("tinyengine_tf: %s wants an arena aligned to %u bytes; the shim aligns to %u.", model_->name,
           static_cast<unsigned>(model_->arena_align), static_cast<unsigned>(tinyengine_tf::kHeadAlignment));
    return kTfLiteError;
  }
  const tinyengine_tf::ArenaSpace given = *space();
  if (!given.is_null() && AllocateIn(space())) {
    return kTfLiteOk;
  }
  te_builtin_arena* const builtin = model_->builtin_arena;
  if (builtin != nullptr && builtin->owner == nullptr) {
    own_space_ = tinyengine_tf::ArenaSpace(builtin->base, builtin->bytes);
    allocator_ = nullptr;
    if (AllocateIn(&own_space_)) {
      builtin->owner = this;
      return kTfLiteOk;
    }
  }
  if (given.is_null()) {
    Report("tinyengine_tf: %s was given no arena; it needs %u bytes.", model_->name,
           static_cast<unsigned>(tinyengine_tf::ArenaSpace::AlignedBytes(model_->arena_bytes,
                                                                         tinyengine_tf::SlotsBytes(model_))));
  } else {
    Report("tinyengine_tf: the arena is too small for %s: it has %u bytes, needed are %u bytes.", model_->name,
           static_cast<unsigned>(given.size_bytes()),
           static_cast<unsigned>(given.NeededBytes(model_->arena_bytes, tinyengine_tf::SlotsBytes(model_))));
  }
  return kTfLiteError;
}

inline void MicroInterpreter::WarnAboutMissingOps() const {
#ifndef TF_LITE_STRIP_ERROR_STRINGS
  for (int32_t i = 0; i < model_->num_ops; ++i) {
    const te_op* const op = &model_->ops[i];
    const TFLMRegistration* const found =
        op->builtin_code == BuiltinOperator_CUSTOM
            ? op_resolver_.FindOp(op->name)
            : op_resolver_.FindOp(static_cast<BuiltinOperator>(op->builtin_code));
    if (found == nullptr) {
      Report("tinyengine_tf: warning: the resolver lacks %s. TFLM would refuse %s; here it runs.", op->name,
             model_->name);
    }
  }
#endif
}

// One event per layer where the model brings its steps, else one for all.
inline TfLiteStatus MicroInterpreter::InvokeProfiled() {
  if (model_->num_steps == 0) {
    const uint32_t event = profiler_->BeginEvent(model_->name);
    const int code = model_->invoke(arena_);
    profiler_->EndEvent(event);
    return Status(code);
  }
  for (int32_t i = 0; i < model_->num_steps; ++i) {
    const uint32_t event = profiler_->BeginEvent(model_->steps[i].tag);
    const int code = model_->steps[i].run(arena_);
    profiler_->EndEvent(event);
    if (code != 0) {
      return kTfLiteError;
    }
  }
  return kTfLiteOk;
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_INTERPRETER_INL_H_
