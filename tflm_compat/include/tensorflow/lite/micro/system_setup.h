// tflite::InitializeTarget(): calls the firmware's own where there is one, else does nothing.
#ifndef TINYENGINE_TF_TFLM_SYSTEM_SETUP_H_
#define TINYENGINE_TF_TFLM_SYSTEM_SETUP_H_

#include "tinyengine_tf/tflm_platform.h"

namespace tflite {

// A template, so that firmware can define the plain function after including this.
template <typename Tag = void>
inline void InitializeTarget() {
  tinyengine_tf::SetUpTarget();
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_SYSTEM_SETUP_H_
