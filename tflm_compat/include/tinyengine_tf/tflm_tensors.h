// The TfLiteTensor structs that firmware sees, built in the arena from the constant descriptions of a model.
#ifndef TINYENGINE_TF_TFLM_TENSORS_H_
#define TINYENGINE_TF_TFLM_TENSORS_H_

#include "tensorflow/lite/c/common.h"
#include "tinyengine_tf/model.h"
#include "tinyengine_tf/tflm_base.h"

namespace tinyengine_tf {

// Arrays of one element in the layout of TfLiteFloatArray and TfLiteIntArray.
struct OneFloat {
  int size;
  float data;
};

struct OneInt {
  int size;
  int data;
};

// One tensor with its quantisation, as GetTensor and quantization.params reach it.
struct TensorSlot {
  TfLiteTensor tensor;
  TfLiteAffineQuantization quantization;
  OneFloat scale;
  OneInt zero_point;
};

static_assert(sizeof(TensorSlot) <= TE_TENSOR_SLOT_BYTES, "built-in arenas reserve too little for a tensor");

// Multiple of the tail's alignment.
inline std::size_t SlotsBytes(const te_model* model) {
  const std::size_t count = static_cast<std::size_t>(model->num_inputs + model->num_outputs);
  return (count * sizeof(TensorSlot) + 7u) & ~static_cast<std::size_t>(7u);
}

inline void FillSlot(TensorSlot* slot, const te_tensor* source, unsigned char* arena) {
  std::memset(static_cast<void*>(slot), 0, sizeof(*slot));
  TfLiteTensor* const tensor = &slot->tensor;
  tensor->type = static_cast<TfLiteType>(source->type);
  tensor->data.data = arena + source->offset;
  // The shape is a constant; TfLiteTensor has no const there, and TFLM's own points into flash as well.
  tensor->dims = reinterpret_cast<TfLiteIntArray*>(const_cast<int*>(source->shape));
  tensor->bytes = source->bytes;
  tensor->params.scale = source->scale;
  tensor->params.zero_point = source->zero_point;
  tensor->allocation_type = kTfLiteArenaRw;
#ifndef TF_LITE_STATIC_MEMORY
  tensor->name = source->name;
#endif
  if (source->scale != 0.0f) {
    slot->scale.size = 1;
    slot->scale.data = source->scale;
    slot->zero_point.size = 1;
    slot->zero_point.data = static_cast<int>(source->zero_point);
    slot->quantization.scale = reinterpret_cast<TfLiteFloatArray*>(&slot->scale);
    slot->quantization.zero_point = reinterpret_cast<TfLiteIntArray*>(&slot->zero_point);
    tensor->quantization.type = kTfLiteAffineQuantization;
    tensor->quantization.params = &slot->quantization;
  }
}

// `slots` [num_inputs + num_outputs], inputs first.
inline void FillSlots(TensorSlot* slots, const te_model* model, unsigned char* arena) {
  for (int32_t i = 0; i < model->num_inputs; ++i) {
    FillSlot(&slots[i], &model->inputs[i], arena);
  }
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    FillSlot(&slots[model->num_inputs + i], &model->outputs[i], arena);
  }
}

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_TENSORS_H_
