// tflite::MicroProfiler: remembers when layers began and ended and prints it in TFLM's formats.
//
// RAM: 12 bytes for each of TINYENGINE_TF_PROFILER_EVENTS (256 by default; TFLM's has 4096 at 20 bytes). Events beyond
// that are counted and not timed; call ClearEvents() between inferences.
#ifndef TINYENGINE_TF_TFLM_MICRO_PROFILER_H_
#define TINYENGINE_TF_TFLM_MICRO_PROFILER_H_

#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/micro_time.h"

#ifndef TINYENGINE_TF_PROFILER_EVENTS
#define TINYENGINE_TF_PROFILER_EVENTS 256
#endif

namespace tflite {

class MicroProfiler : public MicroProfilerInterface {
 public:
  MicroProfiler() {}

  uint32_t BeginEvent(const char* tag) override {
    if (count_ == kMaxEvents) {
      ++missed_;
      return kMaxEvents;
    }
    tags_[count_] = tag;
    start_ticks_[count_] = tinyengine_tf::TimeTicks();
    end_ticks_[count_] = start_ticks_[count_] - 1;
    return count_++;
  }

  void EndEvent(uint32_t event_handle) override {
    if (event_handle < count_) {
      end_ticks_[event_handle] = tinyengine_tf::TimeTicks();
    }
  }

  void ClearEvents() {
    count_ = 0;
    missed_ = 0;
  }

  uint32_t GetTotalTicks() const {
    uint32_t total = 0;
    for (uint32_t i = 0; i < count_; ++i) {
      total += Ticks(i);
    }
    return total;
  }

  void Log() const {
    for (uint32_t i = 0; i < count_; ++i) {
      MicroPrintf("%s took %u ticks (%u ms).", tags_[i], static_cast<unsigned>(Ticks(i)),
                  static_cast<unsigned>(TicksToMs(static_cast<int32_t>(Ticks(i)))));
    }
    LogMissed();
  }

  void LogCsv() const {
    MicroPrintf("\"Event\",\"Tag\",\"Ticks\"");
    for (uint32_t i = 0; i < count_; ++i) {
      MicroPrintf("%u,%s,%u", static_cast<unsigned>(i), tags_[i], static_cast<unsigned>(Ticks(i)));
    }
    LogMissed();
  }

  void LogTicksPerTagCsv() {
    MicroPrintf("\"Unique Tag\",\"Total ticks across all events with that tag.\"");
    for (uint32_t i = 0; i < count_; ++i) {
      if (FirstWithTag(i) == i) {
        uint32_t total = 0;
        for (uint32_t k = i; k < count_; ++k) {
          total += FirstWithTag(k) == i ? Ticks(k) : 0;
        }
        MicroPrintf("%s, %u", tags_[i], static_cast<unsigned>(total));
      }
    }
    MicroPrintf("\"total number of ticks\", %u", static_cast<unsigned>(GetTotalTicks()));
    LogMissed();
  }

 private:
  static constexpr uint32_t kMaxEvents = TINYENGINE_TF_PROFILER_EVENTS;

  uint32_t Ticks(uint32_t event) const { return end_ticks_[event] - start_ticks_[event]; }

  uint32_t FirstWithTag(uint32_t event) const {
    uint32_t i = 0;
    while (i < event && std::strcmp(tags_[i], tags_[event]) != 0) {
      ++i;
    }
    return i;
  }

  void LogMissed() const {
    if (missed_ != 0) {
      MicroPrintf("%u more events were not timed: set TINYENGINE_TF_PROFILER_EVENTS.", static_cast<unsigned>(missed_));
    }
  }

  const char* tags_[kMaxEvents];
  uint32_t start_ticks_[kMaxEvents];
  uint32_t end_ticks_[kMaxEvents];
  uint32_t count_ = 0;
  uint32_t missed_ = 0;
};

class ScopedMicroProfiler {
 public:
  explicit ScopedMicroProfiler(const char* tag, MicroProfilerInterface* profiler)
      : profiler_(profiler), event_handle_(profiler != nullptr ? profiler->BeginEvent(tag) : 0) {}
  ~ScopedMicroProfiler() {
    if (profiler_ != nullptr) {
      profiler_->EndEvent(event_handle_);
    }
  }

 private:
  MicroProfilerInterface* profiler_;
  uint32_t event_handle_;
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_MICRO_PROFILER_H_
