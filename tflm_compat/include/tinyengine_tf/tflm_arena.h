// Division of the firmware's arena.
//
//   head                                   tail
//   | activations of generated code ...    ... tensor descriptions | allocator object |
//
// The head is shared by all interpreters on one allocator: they run one after the other, as in TFLM. The tail grows
// downwards and is never given back. Head and tail may also be two separate pieces of memory.
#ifndef TINYENGINE_TF_TFLM_ARENA_H_
#define TINYENGINE_TF_TFLM_ARENA_H_

#include "tinyengine_tf/tflm_base.h"

namespace tinyengine_tf {

constexpr std::size_t kHeadAlignment = 16;  // te_model::arena_align is at most this
constexpr std::size_t kTailAlignment = 8;

inline std::uintptr_t AlignUp(std::uintptr_t address, std::size_t alignment) {
  return (address + alignment - 1) & ~static_cast<std::uintptr_t>(alignment - 1);
}

inline std::uintptr_t AlignDown(std::uintptr_t address, std::size_t alignment) {
  return address & ~static_cast<std::uintptr_t>(alignment - 1);
}

class ArenaSpace {
 public:
  // One piece of memory for both ends.
  ArenaSpace(void* memory, std::size_t bytes) : ArenaSpace(memory, bytes, memory, bytes) { separate_ = false; }

  // Two pieces.
  ArenaSpace(void* tail_memory, std::size_t tail_bytes, void* head_memory, std::size_t head_bytes)
      : head_(Address(head_memory)),
        head_end_(head_ + (head_memory == nullptr ? 0 : head_bytes)),
        head_top_(head_),
        tail_floor_(Address(tail_memory)),
        tail_end_(tail_floor_ + (tail_memory == nullptr ? 0 : tail_bytes)),
        tail_(tail_end_),
        separate_(true) {}

  bool is_null() const { return head_ == 0 || tail_floor_ == 0; }

  // Whether ReserveHead(head_bytes) and then TakeTail(tail_bytes) will succeed.
  bool FitsHeadAndTail(std::size_t head_bytes, std::size_t tail_bytes) const {
    ArenaSpace trial = *this;
    return trial.ReserveHead(head_bytes) != nullptr && trial.TakeTail(tail_bytes, kTailAlignment) != nullptr;
  }

  // Makes the head at least `bytes` from its aligned start; null when there is no room.
  void* ReserveHead(std::size_t bytes) {
    const std::uintptr_t start = AlignUp(head_, kHeadAlignment);
    const std::uintptr_t limit = separate_ ? head_end_ : tail_;
    if (is_null() || start > limit || bytes > limit - start) {
      return nullptr;
    }
    head_top_ = start + bytes > head_top_ ? start + bytes : head_top_;
    return reinterpret_cast<void*>(start);
  }

  // Takes `bytes` for good; null when there is no room.
  void* TakeTail(std::size_t bytes, std::size_t alignment) {
    const std::uintptr_t floor = separate_ ? tail_floor_ : head_top_;
    if (is_null() || bytes > tail_ || tail_ - bytes < floor) {
      return nullptr;
    }
    const std::uintptr_t start = AlignDown(tail_ - bytes, alignment);
    if (start < floor) {
      return nullptr;
    }
    tail_ = start;
    return reinterpret_cast<void*>(start);
  }

  // The smallest size with which this memory, at its present address, serves for `head_bytes` and, beyond what the
  // tail holds already, `tail_bytes`. For two pieces the size of both together, where that can be said.
  std::size_t NeededBytes(std::size_t head_bytes, std::size_t tail_bytes) const {
    const std::uintptr_t head_end = AlignUp(head_, kHeadAlignment) + head_bytes;
    const std::size_t tail_total = tail_bytes + tail_used_bytes();
    if (separate_) {
      return (head_end - head_) + AlignUp(tail_total, kTailAlignment) + kTailAlignment;
    }
    const std::uintptr_t top = head_end > head_top_ ? head_end : head_top_;
    return AlignUp(top, kTailAlignment) + tail_total - head_;
  }

  // The smallest size for memory that starts at a multiple of kHeadAlignment.
  static std::size_t AlignedBytes(std::size_t head_bytes, std::size_t tail_bytes) {
    return AlignUp(head_bytes, kTailAlignment) + tail_bytes;
  }

  std::size_t size_bytes() const {
    return separate_ ? (head_end_ - head_) + (tail_end_ - tail_floor_) : tail_end_ - head_;
  }
  std::size_t head_used_bytes() const { return head_top_ == head_ ? 0 : head_top_ - AlignUp(head_, kHeadAlignment); }
  std::size_t tail_used_bytes() const {
    return AlignDown(tail_end_, kTailAlignment) - AlignDown(tail_, kTailAlignment);
  }
  std::size_t used_bytes() const { return AlignUp(head_used_bytes(), kTailAlignment) + tail_used_bytes(); }

 private:
  static std::uintptr_t Address(void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

  std::uintptr_t head_;
  std::uintptr_t head_end_;
  std::uintptr_t head_top_;
  std::uintptr_t tail_floor_;
  std::uintptr_t tail_end_;
  std::uintptr_t tail_;
  bool separate_;
};

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_ARENA_H_
