/* A converted model, as one constant value: what `tinyengine_tf convert --compat tflm` writes under the
 * name that firmware already declares as its model array, and what tflite::GetModel() finds there.
 *
 * C99 and C++11. Everything here is constant and lives in flash. The generated code keeps no state of its own:
 * all it needs lies in the arena that the caller hands to invoke(), so any number of interpreters may use one model.
 */
#ifndef TINYENGINE_TF_MODEL_H_
#define TINYENGINE_TF_MODEL_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A flatbuffer has its file identifier "TFL3" in bytes 4..7, so no .tflite file starts with these eight. */
#define TE_MODEL_MAGIC {0x89u, 't', 'e', 'm', 'o', 'd', 'e', 'l'}

/* Rises when a field below changes meaning; a header and a model of different versions refuse each other. */
#define TE_MODEL_VERSION 2u

/* One input or output tensor. */
typedef struct te_tensor {
  const char *name;     /* as in the .tflite file */
  int32_t type;         /* numbered as TfLiteType: 1 float32, 2 int32, 3 uint8, 7 int16, 9 int8, ... */
  uint32_t bytes;       /* size of the data */
  uint32_t offset;      /* of the data, from the aligned start of the arena; a multiple of 4 */
  float scale;          /* real = scale * (stored - zero_point); scale 0 where the tensor is not quantised */
  int32_t zero_point;
  int32_t index;        /* position in the .tflite file's tensor list */
  const int *shape;     /* shape[0] is the rank, the dimensions follow: the layout of TfLiteIntArray */
} te_tensor;

/* One operator kind that the .tflite file uses; only for the warning about a resolver that lacks it. */
typedef struct te_op {
  int32_t builtin_code; /* numbered as tflite::BuiltinOperator; 32 is CUSTOM */
  const char *name;     /* "CONV_2D", or the custom operator's own name */
} te_op;

/* One layer, for profiling: running all steps in order is one invoke(). */
typedef struct te_step {
  const char *tag; /* operator kind, "Conv2D" */
  int (*run)(void *arena);
} te_step;

/* Upper bound of what the shim keeps in the arena for one input or output tensor, beside the model's own bytes. */
#define TE_TENSOR_SLOT_BYTES (sizeof(void *) > 4 ? 112u : 72u)

/* An arena that the generated library brings along: used where the firmware's own is null or too small.
 * It serves one interpreter at a time. This struct and the memory behind base are the only RAM of a library. */
typedef struct te_builtin_arena {
  void *base;        /* aligned to the model's arena_align */
  uint32_t bytes;
  const void *owner; /* the interpreter that uses it; null when free */
} te_builtin_arena;

typedef struct te_model {
  uint8_t magic[8];                /* TE_MODEL_MAGIC */
  uint32_t version;                /* TE_MODEL_VERSION */
  uint32_t arena_bytes;            /* what invoke() needs, from an address aligned to arena_align */
  uint32_t arena_align;            /* a power of two; the shim serves up to 16 */
  const te_tensor *inputs;         /* [num_inputs] */
  const te_tensor *outputs;        /* [num_outputs] */
  int32_t num_inputs;
  int32_t num_outputs;
  int (*invoke)(void *arena);      /* 0, or a negative te_status */
  int (*reset)(void *arena);       /* sets the state kept between calls to its start values; null: the model has none */
  const char *name;                /* the --name given to convert */
  const te_op *ops;                /* [num_ops], each kind once */
  int32_t num_ops;
  int32_t num_steps;
  const te_step *steps;            /* [num_steps]; null and 0 unless built for profiling */
  te_builtin_arena *builtin_arena; /* null: the firmware provides the arena */
  uint32_t source_bytes;           /* size of the .tflite file */
  uint32_t source_hash[2];         /* te_model_hash of the whole file, low word first */
  uint32_t source_head_hash[2];    /* te_model_hash of its first TE_MODEL_HEAD_BYTES, low word first */
  const uint32_t *graph;           /* the file without tensors, options and metadata, in the .tflite format; null: none */
} te_model;

/* Firmware that keeps its own flatbuffer array is matched by content. The head is compared first: it holds the root
 * table, whose offsets change with almost any change of layout, so a shorter file is not read past its end. */
#define TE_MODEL_HEAD_BYTES 64u

/* 64-bit FNV-1a, but over 32-bit little-endian words, the last one filled up with zeros: four times fewer
 * multiplications than over bytes. It detects a changed model; it is no protection against a forged one. */
static inline uint64_t te_model_hash(const uint8_t *data, uint32_t bytes) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  uint32_t i;
  for (i = 0; i < bytes; i += 4u) {
    uint32_t word = 0;
    uint32_t k;
    for (k = 0; k < 4u && i + k < bytes; ++k) {
      word |= (uint32_t)data[i + k] << (8u * k);
    }
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
  }
  return hash;
}

#ifdef __cplusplus
}
#endif

#endif /* TINYENGINE_TF_MODEL_H_ */
