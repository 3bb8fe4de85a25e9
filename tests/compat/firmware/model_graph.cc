// Prints what a model says of itself through TFLM's schema classes, as evaluation kits and wrapper libraries do.
// It compiles against TFLM, too, and prints the same there (by hand: TFLM is not part of the tests).
#ifdef FLATBUFFERS_FIRST
#include "flatbuffers/flatbuffers.h"
#endif
#include <cstdio>
#include <string>

#include "tensorflow/lite/micro/flatbuffer_utils.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"
#ifdef FLATBUFFERS_LAST
#include "flatbuffers/flatbuffers.h"
#endif

extern const unsigned char g_model[];

// Knows every operator; fills registrations in itself.
class EveryOp : public tflite::MicroOpResolver {
 public:
  const TFLMRegistration* FindOp(tflite::BuiltinOperator op) const override {
    registration_.builtin_code = op;
    return &registration_;
  }
  const TFLMRegistration* FindOp(const char* op) const override {
    registration_.builtin_code = tflite::BuiltinOperator_CUSTOM;
    registration_.custom_name = op;
    return &registration_;
  }
  tflite::TfLiteBridgeBuiltinParseFunction GetOpDataParser(tflite::BuiltinOperator) const override { return nullptr; }

 private:
  mutable TFLMRegistration registration_ = {};
};

int main() {
  const tflite::Model* model = tflite::GetModel(g_model);
  const EveryOp resolver;
  const flatbuffers::String* description = model->description();
  if (description != nullptr) {
    const std::string text = description->str();
    std::printf("%s|%u|%s|%c|%u\n", text.c_str(), static_cast<unsigned>(description->size()), description->c_str(),
                description->Get(0), static_cast<unsigned>(std::string(description->begin(), description->end()).size()));
  }
  std::printf("version %u, %u codes\n", static_cast<unsigned>(model->version()),
              static_cast<unsigned>(model->operator_codes()->size()));
  for (const tflite::OperatorCode* code : *model->operator_codes()) {
    std::printf(" %d %d %d\n", static_cast<int>(code->builtin_code()), code->deprecated_builtin_code(),
                static_cast<int>(code->version()));
  }
  for (unsigned s = 0; s < model->subgraphs()->size(); ++s) {
    const tflite::SubGraph* graph = model->subgraphs()->Get(s);
    std::printf("graph %s", graph->name() != nullptr ? graph->name()->c_str() : "-");
    for (int i : *graph->inputs()) std::printf(" in %d", i);
    for (auto i = graph->outputs()->begin(); i != graph->outputs()->end(); ++i) std::printf(" out %d", static_cast<int>(*i));
    std::printf("\n");
    const size_t count = tflite::NumSubgraphOperators(model, static_cast<int>(s));
    for (size_t i = 0; i < count; ++i) {
      const tflite::Operator* op = graph->operators()->Get(static_cast<flatbuffers::uoffset_t>(i));
      const tflite::OperatorCode* code = (*model->operator_codes())[op->opcode_index()];
      const TFLMRegistration* registration = nullptr;
      const TfLiteStatus status = tflite::GetRegistrationFromOpCode(code, resolver, &registration);
      std::printf(" %d %s %s\n", status, tflite::EnumNameBuiltinOperator(tflite::GetBuiltinCode(code)),
                  registration->builtin_code == tflite::BuiltinOperator_CUSTOM ? registration->custom_name : "built in");
    }
  }
  return 0;
}
