// Where the shim meets the board: text output, time, target set-up.
//
// TFLM asks a port to define DebugLog, tflite::InitializeTarget, tflite::GetCurrentTimeTicks and
// tflite::ticks_per_second. Firmware that defines them has them called here, through weak references; where they are
// absent there is a default. The references carry the symbols' names only in assembler, so that they never collide
// with the firmware's own declarations, whichever of TFLM's two DebugLog signatures it was written for.
//
// A weak reference takes nothing out of a static library. If your port's hooks sit in one and nothing else refers to
// their object file, define TINYENGINE_TF_STRONG_HOOKS: then all four must exist.
//
// TINYENGINE_TF_USE_STDIO (default: 1 on an operating system, else 0): format with the C library.
#ifndef TINYENGINE_TF_TFLM_PLATFORM_H_
#define TINYENGINE_TF_TFLM_PLATFORM_H_

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "tinyengine_tf/tflm_format.h"

#ifndef TINYENGINE_TF_USE_STDIO
#if defined(__unix__) || defined(__APPLE__) || defined(_WIN32)
#define TINYENGINE_TF_USE_STDIO 1
#else
#define TINYENGINE_TF_USE_STDIO 0
#endif
#endif

#if defined(TINYENGINE_TF_STRONG_HOOKS)
#define TE_TFLM_HOOKS 1
#define TE_TFLM_HOOK(symbol) __asm__(symbol)
#elif defined(__ELF__)
#define TE_TFLM_HOOKS 1
#define TE_TFLM_HOOK(symbol) __asm__(symbol) __attribute__((weak))
#else
#define TE_TFLM_HOOKS 0
#endif

#if TE_TFLM_HOOKS
extern "C" {
void te_hook_debug_log(const char* format, va_list arguments) TE_TFLM_HOOK("DebugLog");
int te_hook_debug_vsnprintf(char* buffer, std::size_t size, const char* format, va_list arguments)
    TE_TFLM_HOOK("DebugVsnprintf");
void te_hook_initialize_target() TE_TFLM_HOOK("_ZN6tflite16InitializeTargetEv");
std::uint32_t te_hook_time_ticks() TE_TFLM_HOOK("_ZN6tflite19GetCurrentTimeTicksEv");
std::uint32_t te_hook_ticks_per_second() TE_TFLM_HOOK("_ZN6tflite16ticks_per_secondEv");
}
#endif

namespace tinyengine_tf {

// The callback of TFLM's generic Cortex-M port; null until the firmware registers one.
template <typename Tag = void>
struct DebugLogCallbackSlot {
  static void (*callback)(const char* text);
};
template <typename Tag>
void (*DebugLogCallbackSlot<Tag>::callback)(const char* text) = nullptr;

// Collects text and hands it on in zero-terminated pieces.
struct PieceSink {
  TextSink base;  // first, so that a pointer to it is a pointer to the whole
  void (*deliver)(const char* piece);
  bool double_percent;
  std::size_t used;
  char piece[64];
};

inline void FlushPiece(PieceSink* sink) {
  if (sink->used != 0) {
    sink->piece[sink->used] = '\0';
    sink->deliver(sink->piece);
    sink->used = 0;
  }
}

inline void WritePiece(TextSink* base, const char* text, std::size_t length) {
  PieceSink* const sink = reinterpret_cast<PieceSink*>(base);
  for (std::size_t i = 0; i < length; ++i) {
    if (sink->used + 3 > sizeof(sink->piece)) {
      FlushPiece(sink);
    }
    sink->piece[sink->used++] = text[i];
    if (text[i] == '%' && sink->double_percent) {
      sink->piece[sink->used++] = '%';
    }
  }
}

inline void PrintPieces(void (*deliver)(const char*), bool double_percent, const char* format, va_list arguments) {
  PieceSink sink;
  sink.base.write = &WritePiece;
  sink.base.total = 0;
  sink.deliver = deliver;
  sink.double_percent = double_percent;
  sink.used = 0;
  FormatText(&sink.base, format, arguments);
  FlushPiece(&sink);
}

#if TE_TFLM_HOOKS
inline void CallDebugLog(const char* text, ...) {
  va_list none;
  va_start(none, text);
  te_hook_debug_log(text, none);
  va_end(none);
}

inline void DeliverToDebugLog(const char* piece) { CallDebugLog(piece); }
#endif

inline void DeliverToStderr(const char* piece) { std::fputs(piece, stderr); }

// Prints to the firmware's DebugLog, to its registered callback, or to stderr.
inline void VPrint(const char* format, va_list arguments) {
#if TE_TFLM_HOOKS
  if (&te_hook_debug_log != nullptr) {
    if (&te_hook_debug_vsnprintf != nullptr) {  // a current port: its DebugLog formats
      te_hook_debug_log(format, arguments);
    } else {  // DebugLog(const char*), or one that formats: text whose percent signs are doubled suits both
      PrintPieces(&DeliverToDebugLog, true, format, arguments);
    }
    return;
  }
#endif
  if (DebugLogCallbackSlot<>::callback != nullptr) {
    PrintPieces(DebugLogCallbackSlot<>::callback, false, format, arguments);
    return;
  }
#if TINYENGINE_TF_USE_STDIO
  std::vfprintf(stderr, format, arguments);
#else
  PrintPieces(&DeliverToStderr, false, format, arguments);
#endif
}

inline void Print(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  VPrint(format, arguments);
  va_end(arguments);
}

struct BufferSink {
  TextSink base;  // first, so that a pointer to it is a pointer to the whole
  char* buffer;
  std::size_t size;
};

inline void WriteBuffer(TextSink* base, const char* text, std::size_t length) {
  BufferSink* const sink = reinterpret_cast<BufferSink*>(base);
  const std::size_t start = base->total - length;  // Emit has counted this piece already
  for (std::size_t i = 0; i < length && start + i + 1 < sink->size; ++i) {
    sink->buffer[start + i] = text[i];
    sink->buffer[start + i + 1] = '\0';
  }
}

// vsnprintf: always terminated when size > 0; returns the length that the whole text has.
inline int VPrintToBuffer(char* buffer, std::size_t size, const char* format, va_list arguments) {
#if TINYENGINE_TF_USE_STDIO
  return std::vsnprintf(buffer, size, format, arguments);
#else
  BufferSink sink;
  sink.base.write = &WriteBuffer;
  sink.base.total = 0;
  sink.buffer = buffer;
  sink.size = size;
  if (size > 0) {
    buffer[0] = '\0';
  }
  return FormatText(&sink.base, format, arguments);
#endif
}

inline void SetUpTarget() {
#if TE_TFLM_HOOKS
  if (&te_hook_initialize_target != nullptr) {
    te_hook_initialize_target();
  }
#endif
}

inline std::uint32_t TimeTicks() {
#if TE_TFLM_HOOKS
  if (&te_hook_time_ticks != nullptr) {
    return te_hook_time_ticks();
  }
#endif
#if TINYENGINE_TF_USE_STDIO || defined(TF_LITE_USE_CTIME)
  return static_cast<std::uint32_t>(std::clock());
#else
  return 0;
#endif
}

inline std::uint32_t TicksPerSecond() {
#if TE_TFLM_HOOKS
  if (&te_hook_ticks_per_second != nullptr) {
    return te_hook_ticks_per_second();
  }
#endif
#if TINYENGINE_TF_USE_STDIO || defined(TF_LITE_USE_CTIME)
  return static_cast<std::uint32_t>(CLOCKS_PER_SEC);
#else
  return 0;
#endif
}

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_PLATFORM_H_
