// From the pointer that firmware calls its model to the converted model, or to the reason why there is none.
#ifndef TINYENGINE_TF_TFLM_REGISTERED_MODELS_H_
#define TINYENGINE_TF_TFLM_REGISTERED_MODELS_H_

#include "tinyengine_tf/model.h"
#include "tinyengine_tf/tflm_base.h"

// convert --keep-flatbuffer writes a tinyengine_tf_models.inc into the include folder of each library, which names its
// model and then includes the next folder's: so any number of libraries add up, in any build system.
#if defined(__has_include)
#if __has_include("tinyengine_tf_models.inc")
#define TE_TFLM_HAS_REGISTERED_MODELS 1
#endif
#endif

#ifdef TE_TFLM_HAS_REGISTERED_MODELS
#define TE_REGISTERED_MODEL(symbol) extern "C" const te_model symbol;
#include "tinyengine_tf_models.inc"
#undef TE_REGISTERED_MODEL
#endif

namespace tinyengine_tf {

// Stands where no model was found; `name` holds the reason.
template <typename Tag = void>
struct NoModel {
  static const te_model null_pointer;
  static const te_model unknown_content;
  static const te_model other_version;
};

// Differs from every TE_MODEL_VERSION.
constexpr uint32_t kNoModelVersion = 0;

#define TE_TFLM_NO_MODEL(reason)                                                                                    \
  {                                                                                                                 \
    TE_MODEL_MAGIC, kNoModelVersion, 0, 1, nullptr, nullptr, 0, 0, nullptr, nullptr, reason, nullptr, 0, 0, nullptr, \
        nullptr, 0, {0, 0}, {0, 0}, nullptr                                                                                \
  }
#ifdef TF_LITE_STRIP_ERROR_STRINGS
#define TE_TFLM_REASON(text) ""
#else
#define TE_TFLM_REASON(text) text
#endif

template <typename Tag>
const te_model NoModel<Tag>::null_pointer = TE_TFLM_NO_MODEL(TE_TFLM_REASON("GetModel was given a null pointer"));
template <typename Tag>
const te_model NoModel<Tag>::unknown_content = TE_TFLM_NO_MODEL(
    TE_TFLM_REASON("the model array is not what any linked model was converted from; "
                   "convert the current .tflite file again and link the result"));
template <typename Tag>
const te_model NoModel<Tag>::other_version = TE_TFLM_NO_MODEL(
    TE_TFLM_REASON("the generated model and these headers are of different versions; convert again"));

#undef TE_TFLM_NO_MODEL
#undef TE_TFLM_REASON

inline bool SameHash(const uint32_t (&stored)[2], uint64_t hash) {
  return stored[0] == static_cast<uint32_t>(hash) && stored[1] == static_cast<uint32_t>(hash >> 32);
}

// True when `model` was converted from the .tflite file at `file`.
inline bool WasConvertedFrom(const te_model* model, const uint8_t* file) {
  if (model->source_bytes < TE_MODEL_HEAD_BYTES ||
      !SameHash(model->source_head_hash, te_model_hash(file, TE_MODEL_HEAD_BYTES))) {
    return false;
  }
  return SameHash(model->source_hash, te_model_hash(file, model->source_bytes));
}

inline const te_model* FindConvertedFrom(const uint8_t* file) {
#ifdef TE_TFLM_HAS_REGISTERED_MODELS
#define TE_REGISTERED_MODEL(symbol)        \
  if (WasConvertedFrom(&symbol, file)) {   \
    return &symbol;                        \
  }
#include "tinyengine_tf_models.inc"
#undef TE_REGISTERED_MODEL
#else
  (void)file;
#endif
  return &NoModel<>::unknown_content;
}

// `buffer` is a converted model, or a .tflite file of at least TE_MODEL_HEAD_BYTES. Never null.
inline const te_model* FindModel(const void* buffer) {
  static const uint8_t magic[8] = TE_MODEL_MAGIC;
  if (buffer == nullptr) {
    return &NoModel<>::null_pointer;
  }
  const te_model* model = static_cast<const te_model*>(buffer);
  if (std::memcmp(buffer, magic, sizeof(magic)) != 0) {
    model = FindConvertedFrom(static_cast<const uint8_t*>(buffer));
  }
  return (model->version == TE_MODEL_VERSION || model->version == kNoModelVersion) ? model : &NoModel<>::other_version;
}

// Null for a model that runs; else a sentence.
inline const char* WhyNotUsable(const te_model* model) {
  if (model == nullptr) {
    return "the interpreter was given a null model";
  }
  return model->version == TE_MODEL_VERSION ? nullptr : model->name;
}

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_REGISTERED_MODELS_H_
