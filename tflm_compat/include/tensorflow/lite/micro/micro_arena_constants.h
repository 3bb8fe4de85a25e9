// The alignment at which an arena serves best.
#ifndef TINYENGINE_TF_TFLM_MICRO_ARENA_CONSTANTS_H_
#define TINYENGINE_TF_TFLM_MICRO_ARENA_CONSTANTS_H_

namespace tflite {

constexpr int MicroArenaBufferAlignment() { return 16; }

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_ARENA_CONSTANTS_H_
