// tflite::SubGraph, Operator and OperatorCode: what a converted model still knows of its .tflite file.
//
// The generated code carries the file without tensors, options and metadata (te_model::graph); these classes read it.
// Members for what is gone do not compile, with a sentence that says why.
#ifndef TINYENGINE_TF_TFLM_GRAPH_H_
#define TINYENGINE_TF_TFLM_GRAPH_H_

#include "tinyengine_tf/tflm_builtin_operator.h"
#include "tinyengine_tf/tflm_flatbuffers.h"

#define TE_TFLM_GONE(member, sentence)  \
  template <typename T = void>          \
  const void* member() const {          \
    TE_TFLM_UNSUPPORTED(T, sentence);   \
    return nullptr;                     \
  }

namespace tflite {

struct OperatorCode : private tinyengine_tf::GraphTable {
  int8_t deprecated_builtin_code() const { return Number<int8_t>(0, 0); }
  const flatbuffers::String* custom_code() const { return Pointer<flatbuffers::String>(1); }
  int32_t version() const { return Number<int32_t>(2, 1); }
  BuiltinOperator builtin_code() const { return static_cast<BuiltinOperator>(Number<int32_t>(3, 0)); }
};

struct Operator : private tinyengine_tf::GraphTable {
  uint32_t opcode_index() const { return Number<uint32_t>(0, 0); }

  TE_TFLM_GONE(inputs, "the model is compiled to C, where layers have no tensor numbers")
  TE_TFLM_GONE(outputs, "the model is compiled to C, where layers have no tensor numbers")
  TE_TFLM_GONE(builtin_options, "the model is compiled to C, and operators' options are constants there")
  TE_TFLM_GONE(custom_options, "the model is compiled to C, and operators' options are constants there")
};

struct SubGraph : private tinyengine_tf::GraphTable {
  const flatbuffers::Vector<int32_t>* inputs() const { return Pointer<flatbuffers::Vector<int32_t>>(1); }
  const flatbuffers::Vector<int32_t>* outputs() const { return Pointer<flatbuffers::Vector<int32_t>>(2); }
  const flatbuffers::Vector<flatbuffers::Offset<Operator>>* operators() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<Operator>>>(3);
  }
  const flatbuffers::String* name() const { return Pointer<flatbuffers::String>(4); }

  TE_TFLM_GONE(tensors, "tensors inside the model share memory in generated code; the interpreter has input() and output()")
};

}  // namespace tflite

namespace tinyengine_tf {

// The root table of te_model::graph.
struct GraphRoot : private GraphTable {
  uint32_t version() const { return Number<uint32_t>(0, 0); }
  const flatbuffers::Vector<flatbuffers::Offset<tflite::OperatorCode>>* operator_codes() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<tflite::OperatorCode>>>(1);
  }
  const flatbuffers::Vector<flatbuffers::Offset<tflite::SubGraph>>* subgraphs() const {
    return Pointer<flatbuffers::Vector<flatbuffers::Offset<tflite::SubGraph>>>(2);
  }
  const flatbuffers::String* description() const { return Pointer<flatbuffers::String>(3); }
};

// `words` begins with the distance to the root; null where there is no graph.
inline const GraphRoot* RootOf(const uint32_t* words) {
  return words != nullptr ? reinterpret_cast<const GraphRoot*>(reinterpret_cast<const uint8_t*>(words) + words[0])
                          : nullptr;
}

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_GRAPH_H_
