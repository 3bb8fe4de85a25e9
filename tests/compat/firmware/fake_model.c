/* Converted models written by hand, so that the shim is tested apart from the code generator.
 *
 * g_negate:  int8 [1,2,2,1] -> int8 [1,4], out = -in; the arena must be left alone beyond arena_bytes.
 * g_counter: float [1] -> int32 [1], out = calls since reset; its state lies in the arena.
 * g_wide:    uint8 [3] and int16 [2] -> float [1], out = sum; brings a built-in arena and steps for the profiler.
 */
#include <string.h>

#include "tinyengine_tf/model.h"

static const int shape_1221[] = {4, 1, 2, 2, 1};
static const int shape_14[] = {2, 1, 4};
static const int shape_1[] = {1, 1};
static const int shape_2[] = {1, 2};
static const int shape_3[] = {1, 3};

static int negate_invoke(void *arena) {
  signed char *bytes = (signed char *)arena;
  int i;
  memset(bytes + 4, 0x5a, 40); /* scratch */
  for (i = 0; i < 4; ++i) {
    bytes[48 + i] = (signed char)(bytes[i] == -128 ? 127 : -bytes[i]);
  }
  return 0;
}

static const te_tensor negate_inputs[] = {{"in", 9, 4, 0, 0.5f, -3, 0, shape_1221}};
static const te_tensor negate_outputs[] = {{"out", 9, 4, 48, 0.25f, 7, 5, shape_14}};
static const te_op negate_ops[] = {{3, "CONV_2D"}, {32, "NegateCustom"}};

/* A .tflite file by FlatBuffers' builder: description "by hand"; operators CONV_2D (version 2) and NegateCustom; input 0,
 * output 5. */
static const uint32_t negate_graph[] = {
    0x14, 0x334c4654, 0x14000c, 0x80004, 0x10000c, 0xc, 0x3, 0x20, 0x14, 0x4,
    0x7, 0x68207962, 0x646e61, 0x1, 0x1c, 0x2, 0x94, 0x60, 0x10000c, 0x40000,
    0xc0008, 0xc, 0x14, 0x8, 0x14, 0x1, 0x5, 0x1, 0x0, 0x2,
    0x1c, 0xc, 0x60000, 0x40008, 0x6, 0x1, 0x40004, 0x4, 0x10000c, 0xc0007,
    0x80000, 0xc, 0x20000000, 0x20, 0x4, 0xc, 0x6167654e, 0x75436574, 0x6d6f7473, 0x0,
    0x10000c, 0x7, 0x8000c, 0xc, 0x3000000, 0x3, 0x2};

const te_model g_negate = {TE_MODEL_MAGIC, TE_MODEL_VERSION, 52, 16, negate_inputs, negate_outputs, 1, 1,
                           negate_invoke, 0, "negate", negate_ops, 2, 0, 0, 0, 0, {0, 0}, {0, 0}, negate_graph};
const unsigned int g_negate_len = sizeof(te_model);

static int counter_reset(void *arena) {
  ((int32_t *)arena)[2] = 0;
  return 0;
}

static int counter_invoke(void *arena) {
  int32_t *words = (int32_t *)arena;
  words[1] = ++words[2];
  return words[2] > 9 ? -1 : 0;
}

static const te_tensor counter_inputs[] = {{"in", 1, 4, 0, 0.0f, 0, 0, shape_1}};
static const te_tensor counter_outputs[] = {{"out", 2, 4, 4, 0.0f, 0, 1, shape_1}};

const te_model g_counter = {TE_MODEL_MAGIC, TE_MODEL_VERSION, 12, 16, counter_inputs, counter_outputs, 1, 1,
                            counter_invoke, counter_reset, "counter", 0, 0, 0, 0, 0, 0, {0, 0}, {0, 0}, 0};

static int wide_sum(void *arena) {
  const unsigned char *bytes = (const unsigned char *)arena;
  const int16_t *words = (const int16_t *)arena;
  *(float *)arena = (float)(bytes[8] + bytes[9] + bytes[10] + words[2] + words[3]);
  return 0;
}

static int wide_double(void *arena) {
  *(float *)arena *= 2.0f;
  return 0;
}

static int wide_invoke(void *arena) {
  (void)wide_sum(arena);
  return wide_double(arena);
}

static const te_tensor wide_inputs[] = {{"a", 3, 3, 8, 1.0f, 0, 0, shape_3}, {"b", 7, 4, 4, 1.0f, 0, 1, shape_2}};
static const te_tensor wide_outputs[] = {{"y", 1, 4, 0, 0.0f, 0, 2, shape_1}};
static const te_step wide_steps[] = {{"ADD", wide_sum}, {"MUL", wide_double}};
static double wide_memory[64];
static te_builtin_arena wide_builtin = {wide_memory, sizeof(wide_memory), 0};

const te_model g_wide = {TE_MODEL_MAGIC, TE_MODEL_VERSION, 12, 8, wide_inputs, wide_outputs, 2, 1,
                         wide_invoke, 0, "wide", 0, 0, 2, wide_steps, &wide_builtin, 0, {0, 0}, {0, 0}, 0};

const te_model g_future = {TE_MODEL_MAGIC, TE_MODEL_VERSION + 1u, 12, 16, counter_inputs, counter_outputs, 1, 1,
                           counter_invoke, 0, "future", 0, 0, 0, 0, 0, 0, {0, 0}, {0, 0}, 0};

/* Converted from the array in keep_flatbuffer.cc; the hashes are filled in by the test. */
#ifdef KEPT_SOURCE_BYTES
const te_model kept_te_model = {TE_MODEL_MAGIC, TE_MODEL_VERSION, 52, 16, negate_inputs, negate_outputs, 1, 1,
                                negate_invoke, 0, "kept", 0, 0, 0, 0, 0, KEPT_SOURCE_BYTES,
                                {KEPT_HASH_LOW, KEPT_HASH_HIGH}, {KEPT_HEAD_LOW, KEPT_HEAD_HIGH}, 0};
#endif
