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
#include "tinyengine_tf/tflm_registered_models.h"

namespace flatbuffers {

// Accepts a converted model, and a flatbuffer that one was made from.
class Verifier {
 public:
  Verifier(const uint8_t* data, size_t) : data_(data) {}
  const uint8_t* data() const { return data_; }

 private:
  const uint8_t* data_;
};

}  // namespace flatbuffers

namespace tflite {

enum TensorType : int8_t {
  TensorType_FLOAT32 = 0,
  TensorType_FLOAT16 = 1,
  TensorType_INT32 = 2,
  TensorType_UINT8 = 3,
  TensorType_INT64 = 4,
  TensorType_STRING = 5,
  TensorType_BOOL = 6,
  TensorType_INT16 = 7,
  TensorType_COMPLEX64 = 8,
  TensorType_INT8 = 9,
  TensorType_FLOAT64 = 10
};

// Seen only through pointers that GetModel returns.
class Model {
 public:
  // Firmware compares this with TFLITE_SCHEMA_VERSION; the file's version was checked when it was converted.
  uint32_t version() const { return 3; }

  const te_model* converted() const { return &converted_; }

  template <typename T = void>
  const void* subgraphs() const {
    TE_TFLM_UNSUPPORTED(T, "the model is compiled to C and its graph is gone; input(), output() and their dims remain");
    return nullptr;
  }
  template <typename T = void>
  const void* operator_codes() const {
    TE_TFLM_UNSUPPORTED(T, "the model is compiled to C and no longer lists its operators; convert's report does");
    return nullptr;
  }
  template <typename T = void>
  const void* buffers() const {
    TE_TFLM_UNSUPPORTED(T, "the model is compiled to C and its weights are constants there");
    return nullptr;
  }
  template <typename T = void>
  const void* metadata() const {
    TE_TFLM_UNSUPPORTED(T, "metadata of the .tflite file is not part of the generated code");
    return nullptr;
  }
  template <typename T = void>
  const void* description() const {
    TE_TFLM_UNSUPPORTED(T, "the description in the .tflite file is not part of the generated code");
    return nullptr;
  }

 private:
  te_model converted_;
};

inline const Model* GetModel(const void* buffer) {
  return reinterpret_cast<const Model*>(tinyengine_tf::FindModel(buffer));
}

inline bool VerifyModelBuffer(const flatbuffers::Verifier& verifier) {
  return tinyengine_tf::WhyNotUsable(tinyengine_tf::FindModel(verifier.data())) == nullptr;
}

inline bool ModelBufferHasIdentifier(const void* buffer) {
  return tinyengine_tf::WhyNotUsable(tinyengine_tf::FindModel(buffer)) == nullptr;
}

inline const char* EnumNameBuiltinOperator(BuiltinOperator) { return "operator"; }

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_SCHEMA_GENERATED_H_
