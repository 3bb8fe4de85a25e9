// The real FlatBuffers headers where they come later on the include path, else as much of them as TFLM's API needs. No
// include guard: several libraries may each bring this file, and every one leads to the next.
#pragma GCC system_header
#if __has_include_next("flatbuffers/flatbuffers.h")
#include_next "flatbuffers/flatbuffers.h"
#else
#include "tinyengine_tf/tflm_flatbuffers_types.h"
#endif
