// tflite::MicroAllocator: an arena that several interpreters may share. The object lives in the arena itself, as in
// TFLM.
#ifndef TINYENGINE_TF_TFLM_MICRO_ALLOCATOR_H_
#define TINYENGINE_TF_TFLM_MICRO_ALLOCATOR_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tinyengine_tf/tflm_arena.h"

namespace tflite {

class ErrorReporter;
class MicroMemoryPlanner;

enum class MemoryPlannerType { kGreedy, kLinear };

// What a recording allocator lets one read.
class RecordingSingleArenaBufferAllocator : public tinyengine_tf::ArenaSpace {
 public:
  using tinyengine_tf::ArenaSpace::ArenaSpace;

  size_t GetUsedBytes() const { return used_bytes(); }
  size_t GetRequestedBytes() const { return used_bytes(); }
  size_t GetNonPersistentUsedBytes() const { return head_used_bytes(); }
  size_t GetPersistentUsedBytes() const { return tail_used_bytes(); }
};

class MicroAllocator {
 public:
  // Memory was planned when the model was converted, so the planner's type changes nothing.
  // Returns null where the object itself finds no room.
  static MicroAllocator* Create(uint8_t* tensor_arena, size_t arena_size,
                                MemoryPlannerType = MemoryPlannerType::kGreedy) {
    return Place<MicroAllocator>(RecordingSingleArenaBufferAllocator(tensor_arena, arena_size));
  }

  // What TFLM's versions accept behind the arena: a planner of the firmware's own, or an ErrorReporter (until 2022).
  struct PlannerOrReporter {
    PlannerOrReporter(std::nullptr_t) {}
    PlannerOrReporter(MicroMemoryPlanner*) {}
    PlannerOrReporter(ErrorReporter*) {}
  };
  static MicroAllocator* Create(uint8_t* tensor_arena, size_t arena_size, PlannerOrReporter) {
    return Place<MicroAllocator>(RecordingSingleArenaBufferAllocator(tensor_arena, arena_size));
  }

  static MicroAllocator* Create(uint8_t* persistent_tensor_arena, size_t persistent_arena_size,
                                uint8_t* non_persistent_tensor_arena, size_t non_persistent_arena_size,
                                MemoryPlannerType = MemoryPlannerType::kGreedy) {
    return Place<MicroAllocator>(RecordingSingleArenaBufferAllocator(
        persistent_tensor_arena, persistent_arena_size, non_persistent_tensor_arena, non_persistent_arena_size));
  }

  static size_t GetDefaultTailUsage(bool) {
    return tinyengine_tf::AlignUp(sizeof(MicroAllocator), tinyengine_tf::kTailAlignment);
  }

  bool preserves_all_tensor() const { return false; }
  size_t used_bytes() const { return space_.used_bytes(); }
  void* AllocatePersistentBuffer(size_t bytes) { return space_.TakeTail(bytes, tinyengine_tf::kHeadAlignment); }

  tinyengine_tf::ArenaSpace* space() { return &space_; }

 protected:
  explicit MicroAllocator(const RecordingSingleArenaBufferAllocator& space) : space_(space) {}

  // Constructs an allocator in the tail of its own memory.
  template <typename Allocator>
  static Allocator* Place(RecordingSingleArenaBufferAllocator space) {
    void* const memory = space.TakeTail(sizeof(Allocator), tinyengine_tf::kTailAlignment);
    return memory == nullptr ? nullptr : ::new (memory) Allocator(space);
  }

  RecordingSingleArenaBufferAllocator space_;
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_ALLOCATOR_H_
