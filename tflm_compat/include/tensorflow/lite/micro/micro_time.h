// Time for the profiler, from the firmware's port where it has one.
#ifndef TINYENGINE_TF_TFLM_MICRO_TIME_H_
#define TINYENGINE_TF_TFLM_MICRO_TIME_H_

#include <cstdint>

#include "tinyengine_tf/tflm_platform.h"

namespace tflite {

// Templates, so that firmware can define the plain functions after including this.
template <typename Tag = void>
inline uint32_t ticks_per_second() {
  return tinyengine_tf::TicksPerSecond();
}

template <typename Tag = void>
inline uint32_t GetCurrentTimeTicks() {
  return tinyengine_tf::TimeTicks();
}

inline uint32_t TicksToMs(int32_t ticks) {
  const uint32_t per_second = tinyengine_tf::TicksPerSecond();
  return static_cast<uint32_t>(1000.0f * static_cast<float>(ticks) /
                               static_cast<float>(per_second > 0 ? per_second : 1));
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_TIME_H_
