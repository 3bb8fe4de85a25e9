// tflite::Model and GetModel(): find the converted model behind the name that firmware uses for its model array.
//
// The array's name may belong to the generated code (convert --model-symbol): then the pointer is the model. Or
// firmware keeps its flatbuffer array (convert --keep-flatbuffer): then the array's content is compared with what each
// converted model was made from. GetModel never fails; a model that was not found says why at AllocateTensors.
#ifndef TINYENGINE_TF_TFLM_SCHEMA_GENERATED_H_
#define TINYENGINE_TF_TFLM_SCHEMA_GENERATED_H_

#include "tinyengine_tf/model.h"
#include "tinyengine_tf/tflm_base.h"
#include "tinyengine_tf/tflm_builtin_operator.h"
#include "tinyengine_tf/tflm_flatbuffers.h"
#include "tinyengine_tf/tflm_graph.h"
#include "tinyengine_tf/tflm_registered_models.h"

namespace tflite {

// X(name); the numbers count up from 0.
#define TE_TFLM_TENSOR_TYPES(X) \
  X(FLOAT32) X(FLOAT16) X(INT32) X(UINT8) X(INT64) X(STRING) \
  X(BOOL) X(INT16) X(COMPLEX64) X(INT8) X(FLOAT64) X(COMPLEX128) \
  X(UINT64) X(RESOURCE) X(VARIANT) X(UINT32) X(UINT16) X(INT4) \
  X(BFLOAT16) X(INT2) X(UINT4) X(FLOAT8_E4M3FN) X(FLOAT8_E5M2)

enum TensorType : int8_t {
#define TE_TFLM_ENUMERATOR(name) TensorType_##name,
  TE_TFLM_TENSOR_TYPES(TE_TFLM_ENUMERATOR)
#undef TE_TFLM_ENUMERATOR
  TensorType_MIN = TensorType_FLOAT32,
  TensorType_MAX = TensorType_FLOAT8_E5M2
};

inline const char* EnumNameTensorType(TensorType type) {
#define TE_TFLM_NAME(name) #name,
  static const char* const names[] = {TE_TFLM_TENSOR_TYPES(TE_TFLM_NAME) ""};
#undef TE_TFLM_NAME
  return type < TensorType_MIN || type > TensorType_MAX ? "" : names[type];
}

// Seen only through pointers that GetModel returns. Members read the graph that the converted model carries.
struct Model {
 public:
  // Firmware compares this with TFLITE_SCHEMA_VERSION; the file's version was checked when it was converted.
  uint32_t version() const { return 3; }
  const flatbuffers::String* description() const { return graph() != nullptr ? graph()->description() : nullptr; }
  const flatbuffers::Vector<flatbuffers::Offset<SubGraph>>* subgraphs() const {
    return graph() != nullptr ? graph()->subgraphs() : nullptr;
  }
  const flatbuffers::Vector<flatbuffers::Offset<OperatorCode>>* operator_codes() const {
    return graph() != nullptr ? graph()->operator_codes() : nullptr;
  }

  TE_TFLM_GONE(buffers, "the model is compiled to C and its weights are constants there")
  TE_TFLM_GONE(metadata, "metadata of the .tflite file is not part of the generated code")
  TE_TFLM_GONE(metadata_buffer, "metadata of the .tflite file is not part of the generated code")
  TE_TFLM_GONE(signature_defs, "signatures of the .tflite file are not part of the generated code")

  const te_model* converted() const { return &converted_; }

 private:
  const tinyengine_tf::GraphRoot* graph() const { return tinyengine_tf::RootOf(converted_.graph); }

  te_model converted_;
};

inline const char* ModelIdentifier() { return "TFL3"; }

inline const Model* GetModel(const void* buffer) {
  return reinterpret_cast<const Model*>(tinyengine_tf::FindModel(buffer));
}

inline bool VerifyModelBuffer(const flatbuffers::Verifier& verifier) {
  return tinyengine_tf::WhyNotUsable(tinyengine_tf::FindModel(tinyengine_tf::BufferOf(verifier))) == nullptr;
}

inline bool ModelBufferHasIdentifier(const void* buffer) {
  return tinyengine_tf::WhyNotUsable(tinyengine_tf::FindModel(buffer)) == nullptr;
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_SCHEMA_GENERATED_H_
