// GetBuiltinCode(): which operator an operator code of the .tflite format stands for.
#ifndef TINYENGINE_TF_TFLM_SCHEMA_UTILS_H_
#define TINYENGINE_TF_TFLM_SCHEMA_UTILS_H_

#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

// Numbers above 127 do not fit into the older of the two fields, which then holds less than the newer one.
inline BuiltinOperator GetBuiltinCode(const OperatorCode* op_code) {
  const BuiltinOperator old_code = static_cast<BuiltinOperator>(op_code->deprecated_builtin_code());
  return op_code->builtin_code() > old_code ? op_code->builtin_code() : old_code;
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_SCHEMA_UTILS_H_
