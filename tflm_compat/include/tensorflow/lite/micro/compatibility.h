// TFLM's macro against heap use by virtual destructors; the shim's classes see to that themselves.
#ifndef TINYENGINE_TF_TFLM_COMPATIBILITY_H_
#define TINYENGINE_TF_TFLM_COMPATIBILITY_H_

#ifdef TF_LITE_STATIC_MEMORY
#define TF_LITE_REMOVE_VIRTUAL_DELETE \
  void operator delete(void*) {}
#else
#define TF_LITE_REMOVE_VIRTUAL_DELETE
#endif

#endif  // TINYENGINE_TF_TFLM_COMPATIBILITY_H_
