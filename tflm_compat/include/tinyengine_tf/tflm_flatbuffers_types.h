// flatbuffers::String, Vector, Offset and Verifier, as far as firmware meets them behind tflite::Model, for builds
// without the real FlatBuffers headers. They read the same bytes: a string or a vector is its length, then its elements;
// an element of a vector of tables is the distance to the table.
#ifndef TINYENGINE_TF_TFLM_FLATBUFFERS_TYPES_H_
#define TINYENGINE_TF_TFLM_FLATBUFFERS_TYPES_H_

#include "tinyengine_tf/tflm_base.h"

namespace flatbuffers {

typedef uint32_t uoffset_t;
typedef int32_t soffset_t;
typedef uint16_t voffset_t;

template <typename T = void>
struct Offset {
  uoffset_t o;
};

// How a vector's element is read: a number is itself, an offset leads to what lies that many bytes further.
template <typename T>
struct IndirectHelper {
  typedef T return_type;
  static return_type Read(const uint8_t* element) {
    T value;
    std::memcpy(&value, element, sizeof(value));
    return value;
  }
};

template <typename T>
struct IndirectHelper<Offset<T>> {
  typedef const T* return_type;
  static return_type Read(const uint8_t* element) {
    return reinterpret_cast<const T*>(element + IndirectHelper<uoffset_t>::Read(element));
  }
};

template <typename T>
class VectorIterator {
 public:
  typedef std::random_access_iterator_tag iterator_category;
  typedef typename IndirectHelper<T>::return_type value_type;
  typedef std::ptrdiff_t difference_type;
  typedef const value_type* pointer;
  typedef value_type reference;

  explicit VectorIterator(const uint8_t* at = nullptr) : at_(at) {}
  value_type operator*() const { return IndirectHelper<T>::Read(at_); }
  value_type operator->() const { return **this; }
  value_type operator[](difference_type n) const { return *(*this + n); }
  VectorIterator& operator+=(difference_type n) {
    at_ += n * static_cast<difference_type>(sizeof(T));
    return *this;
  }
  VectorIterator& operator-=(difference_type n) { return *this += -n; }
  VectorIterator& operator++() { return *this += 1; }
  VectorIterator& operator--() { return *this -= 1; }
  VectorIterator operator++(int) {
    const VectorIterator before = *this;
    ++*this;
    return before;
  }
  VectorIterator operator--(int) {
    const VectorIterator before = *this;
    --*this;
    return before;
  }
  friend VectorIterator operator+(VectorIterator i, difference_type n) { return i += n; }
  friend VectorIterator operator+(difference_type n, VectorIterator i) { return i += n; }
  friend VectorIterator operator-(VectorIterator i, difference_type n) { return i -= n; }
  friend difference_type operator-(const VectorIterator& a, const VectorIterator& b) {
    return (a.at_ - b.at_) / static_cast<difference_type>(sizeof(T));
  }
  friend bool operator==(const VectorIterator& a, const VectorIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const VectorIterator& a, const VectorIterator& b) { return a.at_ != b.at_; }
  friend bool operator<(const VectorIterator& a, const VectorIterator& b) { return a.at_ < b.at_; }
  friend bool operator>(const VectorIterator& a, const VectorIterator& b) { return b < a; }
  friend bool operator<=(const VectorIterator& a, const VectorIterator& b) { return !(b < a); }
  friend bool operator>=(const VectorIterator& a, const VectorIterator& b) { return !(a < b); }

 private:
  const uint8_t* at_;
};

// Seen only through pointers and references to what lies in memory.
template <typename T>
class Vector {
 public:
  typedef VectorIterator<T> iterator;
  typedef VectorIterator<T> const_iterator;
  typedef uoffset_t size_type;
  typedef typename IndirectHelper<T>::return_type return_type;
  typedef return_type value_type;

  Vector(const Vector&) = delete;
  Vector& operator=(const Vector&) = delete;

  uoffset_t size() const { return length_; }
  uoffset_t Length() const { return length_; }
  bool empty() const { return length_ == 0; }
  return_type Get(uoffset_t i) const { return IndirectHelper<T>::Read(Data() + i * sizeof(T)); }
  return_type operator[](uoffset_t i) const { return Get(i); }
  template <typename E>
  E GetEnum(uoffset_t i) const {
    return static_cast<E>(Get(i));
  }
  template <typename U>
  const U* GetAs(uoffset_t i) const {
    return reinterpret_cast<const U*>(Get(i));
  }
  const uint8_t* Data() const { return reinterpret_cast<const uint8_t*>(&length_ + 1); }
  const T* data() const { return reinterpret_cast<const T*>(Data()); }
  const_iterator begin() const { return const_iterator(Data()); }
  const_iterator end() const { return const_iterator(Data() + length_ * sizeof(T)); }
  const_iterator cbegin() const { return begin(); }
  const_iterator cend() const { return end(); }

 protected:
  Vector();
  uoffset_t length_;
};

struct String : public Vector<char> {
  const char* c_str() const { return reinterpret_cast<const char*>(Data()); }
  std::string str() const { return std::string(c_str(), size()); }
  bool operator<(const String& other) const { return str() < other.str(); }
};

static inline std::string GetString(const String* text) { return text != nullptr ? text->str() : std::string(); }
static inline const char* GetCstring(const String* text) { return text != nullptr ? text->c_str() : ""; }

// Holds what VerifyModelBuffer() is to look at.
class Verifier {
 public:
  Verifier(const uint8_t* buf, size_t buf_len, uoffset_t max_depth = 64, uoffset_t max_tables = 1000000)
      : buf_(buf) {
    (void)buf_len;
    (void)max_depth;
    (void)max_tables;
  }

 private:
  const uint8_t* buf_;
};

}  // namespace flatbuffers

#endif  // TINYENGINE_TF_TFLM_FLATBUFFERS_TYPES_H_
