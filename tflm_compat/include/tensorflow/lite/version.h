// The schema version that firmware compares with Model::version().
#ifndef TINYENGINE_TF_TFLM_VERSION_H_
#define TINYENGINE_TF_TFLM_VERSION_H_

#define TFLITE_SCHEMA_VERSION (3)
#define TFLITE_VERSION_STRING "1.15.0"

#endif  // TINYENGINE_TF_TFLM_VERSION_H_
