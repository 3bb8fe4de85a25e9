// Not part of the shim.
#error "tinyengine_tf: this header is for TFLM's own kernel tests; tensorflow/lite/micro/testing/micro_test.h is there"
