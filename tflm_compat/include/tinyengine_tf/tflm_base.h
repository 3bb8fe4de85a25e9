// What several shim headers share: sentences for what generated code cannot do, and objects that may be deleted.
#ifndef TINYENGINE_TF_TFLM_BASE_H_
#define TINYENGINE_TF_TFLM_BASE_H_

// TFLM's headers bring these along, and firmware relies on it: programs call memcpy, strcmp, abs, std::min or use
// INT_MAX, std::vector without including anything for it.
#include <algorithm>
#include <array>
#include <cassert>
#include <cctype>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinyengine_tf {

template <typename T>
struct Never {
  static constexpr bool value = false;
};

// How `delete` works on an object that came from `new`; null until firmware uses `new` on one of TFLM's classes.
template <typename Tag = void>
struct HeapRelease {
  static void (*release)(void* block);
};
template <typename Tag>
void (*HeapRelease<Tag>::release)(void* block) = nullptr;

inline void ReleaseToHeap(void* block) { ::operator delete(block); }

}  // namespace tinyengine_tf

// In a member function template with a parameter T: whoever calls it reads the sentence at compile time.
#define TE_TFLM_UNSUPPORTED(T, sentence) static_assert(tinyengine_tf::Never<T>::value, "tinyengine_tf: " sentence)

// A virtual destructor makes the compiler refer to operator delete, and so to the heap, even where nothing is ever
// deleted. With these members it refers to the heap only where firmware itself says `new`.
#define TE_TFLM_HEAP_ONLY_IF_USED                                            \
  static void* operator new(std::size_t bytes) {                             \
    tinyengine_tf::HeapRelease<>::release = &tinyengine_tf::ReleaseToHeap;   \
    return ::operator new(bytes);                                            \
  }                                                                          \
  static void* operator new(std::size_t bytes, const std::nothrow_t& tag) noexcept { \
    tinyengine_tf::HeapRelease<>::release = &tinyengine_tf::ReleaseToHeap;   \
    return ::operator new(bytes, tag);                                       \
  }                                                                          \
  static void* operator new(std::size_t, void* place) noexcept { return place; } \
  static void operator delete(void*, void*) noexcept {}                      \
  static void operator delete(void* block) noexcept {                        \
    if (tinyengine_tf::HeapRelease<>::release != nullptr) {                  \
      tinyengine_tf::HeapRelease<>::release(block);                          \
    }                                                                        \
  }

#endif  // TINYENGINE_TF_TFLM_BASE_H_
