// Counting a model's operators, and FlatBuffer vectors as TfLiteIntArray.
#ifndef TINYENGINE_TF_TFLM_FLATBUFFER_UTILS_H_
#define TINYENGINE_TF_TFLM_FLATBUFFER_UTILS_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

inline uint32_t NumSubgraphOperators(const SubGraph* subgraph) {
  return subgraph->operators() != nullptr ? subgraph->operators()->size() : 0;
}

inline uint32_t NumSubgraphOperators(const Model* model, int subgraph_idx) {
  return NumSubgraphOperators(model->subgraphs()->Get(static_cast<uint32_t>(subgraph_idx)));
}

// Both are a length and then the elements. Read only: the vector lies in flash.
inline TfLiteIntArray* FlatBufferVectorToTfLiteTypeArray(const flatbuffers::Vector<int32_t>* flatbuffer_array) {
  return const_cast<TfLiteIntArray*>(reinterpret_cast<const TfLiteIntArray*>(flatbuffer_array));
}

inline TfLiteFloatArray* FlatBufferVectorToTfLiteTypeArray(const flatbuffers::Vector<float>* flatbuffer_array) {
  return const_cast<TfLiteFloatArray*>(reinterpret_cast<const TfLiteFloatArray*>(flatbuffer_array));
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_FLATBUFFER_UTILS_H_
