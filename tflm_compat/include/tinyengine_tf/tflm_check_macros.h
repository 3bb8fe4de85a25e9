// The TF_LITE_ENSURE family: leave the current function with a status when something is wrong.
#ifndef TINYENGINE_TF_TFLM_CHECK_MACROS_H_
#define TINYENGINE_TF_TFLM_CHECK_MACROS_H_

#define TE_TFLM_IGNORE(...) (void)sizeof(#__VA_ARGS__)

#ifndef TF_LITE_STRIP_ERROR_STRINGS
#define TF_LITE_KERNEL_LOG(context, ...)              \
  do {                                                \
    (context)->ReportError((context), __VA_ARGS__);   \
  } while (false)
#define TF_LITE_MAYBE_KERNEL_LOG(context, ...)        \
  do {                                                \
    if ((context) != NULL) {                          \
      (context)->ReportError((context), __VA_ARGS__); \
    }                                                 \
  } while (false)
#else
#define TF_LITE_KERNEL_LOG(context, ...) TE_TFLM_IGNORE(__VA_ARGS__)
#define TF_LITE_MAYBE_KERNEL_LOG(context, ...) TE_TFLM_IGNORE(__VA_ARGS__)
#endif

#define TF_LITE_ENSURE_MSG(context, value, ...)                  \
  do {                                                           \
    if (!(value)) {                                              \
      TF_LITE_KERNEL_LOG((context), __FILE__ " " __VA_ARGS__);   \
      return kTfLiteError;                                       \
    }                                                            \
  } while (false)

#define TF_LITE_ENSURE(context, a)                                                          \
  do {                                                                                      \
    if (!(a)) {                                                                             \
      TF_LITE_KERNEL_LOG((context), "%s:%d %s was not true.", __FILE__, __LINE__, #a);      \
      return kTfLiteError;                                                                  \
    }                                                                                       \
  } while (false)

#define TF_LITE_ENSURE_STATUS(a)                          \
  do {                                                    \
    const TfLiteStatus te_ensure_status = (a);            \
    if (te_ensure_status != kTfLiteOk) {                  \
      return te_ensure_status;                            \
    }                                                     \
  } while (false)

#define TF_LITE_ENSURE_OK(context, status, ...) \
  do {                                          \
    const TfLiteStatus te_ensure_ok = (status); \
    (void)(context);                            \
    if (te_ensure_ok != kTfLiteOk) {            \
      return te_ensure_ok;                      \
    }                                           \
  } while (false)

#define TF_LITE_ENSURE_EQ(context, a, b)                                                                        \
  do {                                                                                                          \
    if ((a) != (b)) {                                                                                           \
      TF_LITE_KERNEL_LOG((context), "%s:%d %s != %s (%d != %d)", __FILE__, __LINE__, #a, #b, (int)(a), (int)(b)); \
      return kTfLiteError;                                                                                      \
    }                                                                                                           \
  } while (false)

#define TF_LITE_ENSURE_TYPES_EQ(context, a, b)                                                   \
  do {                                                                                           \
    if ((a) != (b)) {                                                                            \
      TF_LITE_KERNEL_LOG((context), "%s:%d %s != %s (%s != %s)", __FILE__, __LINE__, #a, #b,     \
                         TfLiteTypeGetName(a), TfLiteTypeGetName(b));                            \
      return kTfLiteError;                                                                       \
    }                                                                                            \
  } while (false)

#define TF_LITE_ENSURE_NEAR(context, a, b, epsilon)                                                              \
  do {                                                                                                           \
    if (((a) > (b) ? (a) - (b) : (b) - (a)) > (epsilon)) {                                                       \
      TF_LITE_KERNEL_LOG((context), "%s:%d %s not near %s (%f != %f)", __FILE__, __LINE__, #a, #b, (double)(a),  \
                         (double)(b));                                                                           \
      return kTfLiteError;                                                                                       \
    }                                                                                                            \
  } while (false)

#define TF_LITE_STRINGIFY_HELPER(x) #x
#define TF_LITE_STRINGIFY(x) TF_LITE_STRINGIFY_HELPER(x)

#if defined(__GNUC__)
#define TFL_UNREACHABLE() (__builtin_unreachable())
#else
#define TFL_UNREACHABLE() ((void)0)
#endif

#endif  // TINYENGINE_TF_TFLM_CHECK_MACROS_H_
