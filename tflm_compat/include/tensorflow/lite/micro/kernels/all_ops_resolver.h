// tflite::ops::micro::AllOpsResolver, where TFLM of early 2020 had it, with the resolvers of that time.
#ifndef TINYENGINE_TF_TFLM_KERNELS_ALL_OPS_RESOLVER_H_
#define TINYENGINE_TF_TFLM_KERNELS_ALL_OPS_RESOLVER_H_

// Only TFLM of that time has this header; see micro_mutable_op_resolver.h.
#if !defined(TINYENGINE_TF_TFLM_2020) && !defined(TINYENGINE_TF_TFLM_MICRO_OP_RESOLVER_H_)
#define TINYENGINE_TF_TFLM_2020 1
#endif

#include "tensorflow/lite/micro/all_ops_resolver.h"

#endif  // TINYENGINE_TF_TFLM_KERNELS_ALL_OPS_RESOLVER_H_
