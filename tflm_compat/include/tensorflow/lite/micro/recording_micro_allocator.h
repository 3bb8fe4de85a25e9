// tflite::RecordingMicroAllocator: an allocator that tells how the arena is divided.
#ifndef TINYENGINE_TF_TFLM_RECORDING_MICRO_ALLOCATOR_H_
#define TINYENGINE_TF_TFLM_RECORDING_MICRO_ALLOCATOR_H_

#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {

enum class RecordedAllocationType {
  kTfLiteEvalTensorData,
  kPersistentTfLiteTensorData,
  kPersistentTfLiteTensorQuantizationData,
  kPersistentBufferData,
  kTfLiteTensorVariableBufferData,
  kNodeAndRegistrationArray,
  kOpData,
  kNumAllocationTypes
};

struct RecordedAllocation {
  size_t requested_bytes;
  size_t used_bytes;
  size_t count;
};

class RecordingMicroAllocator : public MicroAllocator {
 public:
  static RecordingMicroAllocator* Create(uint8_t* tensor_arena, size_t arena_size) {
    return Place<RecordingMicroAllocator>(RecordingSingleArenaBufferAllocator(tensor_arena, arena_size));
  }

  static size_t GetDefaultTailUsage() { return MicroAllocator::GetDefaultTailUsage(false); }

  // Of TFLM's kinds only the descriptions of inputs and outputs exist: there are no nodes, no evaluation tensors and
  // no operator data in RAM.
  RecordedAllocation GetRecordedAllocation(RecordedAllocationType allocation_type) const {
    if (allocation_type != RecordedAllocationType::kPersistentTfLiteTensorData) {
      return RecordedAllocation{0, 0, 0};
    }
    const size_t own_bytes = GetDefaultTailUsage();
    const size_t bytes = space_.tail_used_bytes() > own_bytes ? space_.tail_used_bytes() - own_bytes : 0;
    return RecordedAllocation{bytes, bytes, bytes != 0 ? size_t{1} : size_t{0}};
  }

  const RecordingSingleArenaBufferAllocator* GetSimpleMemoryAllocator() const { return &space_; }

  void PrintAllocations() const {
    MicroPrintf("[RecordingMicroAllocator] Arena allocation total %u bytes", Unsigned(space_.used_bytes()));
    MicroPrintf("[RecordingMicroAllocator] Arena allocation head %u bytes", Unsigned(space_.head_used_bytes()));
    MicroPrintf("[RecordingMicroAllocator] Arena allocation tail %u bytes", Unsigned(space_.tail_used_bytes()));
  }

 private:
  friend class MicroAllocator;
  explicit RecordingMicroAllocator(const RecordingSingleArenaBufferAllocator& space) : MicroAllocator(space) {}
  static unsigned Unsigned(size_t bytes) { return static_cast<unsigned>(bytes); }
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_RECORDING_MICRO_ALLOCATOR_H_
