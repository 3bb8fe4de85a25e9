// TfLiteTensor and what hangs on it, and TFLM's checking macros.
// C99 and C++11. The structs have the fields of TFLM's static-memory build, which is the one made for microcontrollers,
// plus `name`, which other builds have.
#ifndef TINYENGINE_TF_TFLM_COMMON_H_
#define TINYENGINE_TF_TFLM_COMMON_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tensorflow/lite/core/c/c_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define kTfLiteOptionalTensor (-1)

struct TfLiteContext;
struct TfLiteNode;

// Dimensions of a tensor. Arrays reached from a tensor are constants in flash: read them only.
typedef struct TfLiteIntArray {
  int size;
  int data[];
} TfLiteIntArray;

typedef struct TfLiteFloatArray {
  int size;
  float data[];
} TfLiteFloatArray;

typedef struct TfLiteComplex64 {
  float re, im;
} TfLiteComplex64;

typedef struct TfLiteComplex128 {
  double re, im;
} TfLiteComplex128;

typedef struct TfLiteFloat16 {
  uint16_t data;
} TfLiteFloat16;

typedef struct TfLiteBFloat16 {
  uint16_t data;
} TfLiteBFloat16;

typedef enum TfLiteQuantizationType {
  kTfLiteNoQuantization = 0,
  kTfLiteAffineQuantization = 1,
  kTfLiteBlockwiseQuantization = 2,
  kTfLiteMultiAxisQuantization = 3
} TfLiteQuantizationType;

typedef struct TfLiteQuantization {
  TfLiteQuantizationType type;
  void* params;  // a TfLiteAffineQuantization where type says so, else null
} TfLiteQuantization;

typedef struct TfLiteAffineQuantization {
  TfLiteFloatArray* scale;
  TfLiteIntArray* zero_point;
  int32_t quantized_dimension;
} TfLiteAffineQuantization;

typedef union TfLitePtrUnion {
  int32_t* i32;
  uint32_t* u32;
  int64_t* i64;
  uint64_t* u64;
  float* f;
  TfLiteFloat16* f16;
  TfLiteBFloat16* bf16;
  double* f64;
  char* raw;
  const char* raw_const;
  uint8_t* uint8;
  bool* b;
  int16_t* i16;
  uint16_t* ui16;
  TfLiteComplex64* c64;
  TfLiteComplex128* c128;
  int8_t* int8;
  void* data;
} TfLitePtrUnion;

typedef enum TfLiteAllocationType {
  kTfLiteMemNone = 0,
  kTfLiteMmapRo,
  kTfLiteArenaRw,
  kTfLiteArenaRwPersistent,
  kTfLiteDynamic,
  kTfLitePersistentRo,
  kTfLiteCustom
} TfLiteAllocationType;

typedef struct TfLiteTensor {
  TfLiteQuantization quantization;
  TfLiteQuantizationParams params;
  TfLitePtrUnion data;
  TfLiteIntArray* dims;
  size_t bytes;
  TfLiteType type;
  TfLiteAllocationType allocation_type;
  bool is_variable;
#ifndef TF_LITE_STATIC_MEMORY
  const char* name;
#endif
} TfLiteTensor;

typedef struct TfLiteEvalTensor {
  TfLitePtrUnion data;
  TfLiteIntArray* dims;
  TfLiteType type;
} TfLiteEvalTensor;

// Kernels are compiled into the generated code, so no context or node is ever passed to anything; the types exist for
// declarations such as a custom operator's registration.
typedef struct TfLiteContext {
  void (*ReportError)(struct TfLiteContext*, const char* format, ...);
} TfLiteContext;

typedef struct TfLiteNode {
  TfLiteIntArray* inputs;
  TfLiteIntArray* outputs;
  TfLiteIntArray* intermediates;
  void* user_data;
  void* builtin_data;
  const void* custom_initial_data;
  int custom_initial_data_size;
} TfLiteNode;

// How a kernel introduces itself to TFLM: accepted everywhere and never called.
typedef struct TFLMRegistration {
  void* (*init)(TfLiteContext* context, const char* buffer, size_t length);
  void (*free)(TfLiteContext* context, void* buffer);
  TfLiteStatus (*prepare)(TfLiteContext* context, TfLiteNode* node);
  TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node);
  void (*reset)(TfLiteContext* context, void* buffer);
  int32_t builtin_code;
  const char* custom_name;
} TFLMRegistration;

// What TFLM called it until 2022.
typedef TFLMRegistration TfLiteRegistration;
typedef TFLMRegistration TfLiteRegistration_V1;

static inline size_t TfLiteIntArrayGetSizeInBytes(int size) {
  return sizeof(TfLiteIntArray) + sizeof(int) * (size_t)size;
}

static inline int TfLiteIntArrayEqualsArray(const TfLiteIntArray* a, int b_size, const int b_data[]) {
  if (a == NULL || a->size != b_size) {
    return (a == NULL && b_size == 0) ? 1 : 0;
  }
  for (int i = 0; i < b_size; ++i) {
    if (a->data[i] != b_data[i]) {
      return 0;
    }
  }
  return 1;
}

static inline int TfLiteIntArrayEqual(const TfLiteIntArray* a, const TfLiteIntArray* b) {
  if (a == b) {
    return 1;
  }
  return (a != NULL && b != NULL) ? TfLiteIntArrayEqualsArray(a, b->size, b->data) : 0;
}

static inline const char* TfLiteTypeGetName(TfLiteType type) {
  static const char* const names[] = {"NOTYPE",   "FLOAT32",       "INT32",      "UINT8",  "INT64",  "STRING",
                                      "BOOL",     "INT16",         "COMPLEX64",  "INT8",   "FLOAT16", "FLOAT64",
                                      "COMPLEX128", "UINT64",      "RESOURCE",   "VARIANT", "UINT32", "UINT16",
                                      "INT4",     "BFLOAT16",      "INT2",       "UINT4",  "FLOAT8E4M3FN",
                                      "FLOAT8E5M2"};
  const unsigned index = (unsigned)type;
  return index < sizeof(names) / sizeof(names[0]) ? names[index] : "Unknown type";
}

#ifdef __cplusplus
}  // extern "C"
#endif

#include "tinyengine_tf/tflm_check_macros.h"

#endif  // TINYENGINE_TF_TFLM_COMMON_H_
