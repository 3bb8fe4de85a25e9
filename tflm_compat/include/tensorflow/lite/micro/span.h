// tflite::Span: a pointer and a number of elements.
#ifndef TINYENGINE_TF_TFLM_SPAN_H_
#define TINYENGINE_TF_TFLM_SPAN_H_

#include <array>
#include <cstddef>

namespace tflite {

template <typename T>
class Span {
 public:
  constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <std::size_t N>
  constexpr Span(T (&data)[N]) noexcept : Span(data, N) {}
  template <std::size_t N>
  constexpr Span(std::array<T, N>& data) noexcept : Span(data.data(), N) {}

  constexpr T& operator[](std::size_t i) const noexcept { return data_[i]; }
  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }

 private:
  T* data_;
  std::size_t size_;
};

template <typename A, typename B>
bool operator==(const Span<A>& a, const Span<B>& b) {
  bool equal = a.size() == b.size();
  for (std::size_t i = 0; equal && i < a.size(); ++i) {
    equal = a[i] == b[i];
  }
  return equal;
}

template <typename A, typename B>
bool operator!=(const Span<A>& a, const Span<B>& b) {
  return !(a == b);
}

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_SPAN_H_
