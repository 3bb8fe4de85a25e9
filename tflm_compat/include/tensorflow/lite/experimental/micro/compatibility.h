// Where TFLM of 2019 had it, with the resolvers of that time (see micro_mutable_op_resolver.h).
#pragma once

#if !defined(TINYENGINE_TF_TFLM_2020) && !defined(TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_)
#define TINYENGINE_TF_TFLM_2020 1
#endif
#include "tensorflow/lite/micro/compatibility.h"  // IWYU pragma: export
