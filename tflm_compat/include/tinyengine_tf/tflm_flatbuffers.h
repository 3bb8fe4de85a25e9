// Reading the FlatBuffer that a converted model carries, with the real FlatBuffers headers or without them.
#ifndef TINYENGINE_TF_TFLM_FLATBUFFERS_H_
#define TINYENGINE_TF_TFLM_FLATBUFFERS_H_

#include "tinyengine_tf/tflm_base.h"

// The real ones, where they are anywhere on the include path, so that firmware may include them before or after this.
// (In Arduino's src/ the shim has no header of that name.)
#if defined(__has_include)
#if __has_include("flatbuffers/flatbuffers.h")
#include "flatbuffers/flatbuffers.h"
#define TE_TFLM_HAS_FLATBUFFERS 1
#endif
#endif
#ifndef TE_TFLM_HAS_FLATBUFFERS
#include "tinyengine_tf/tflm_flatbuffers_types.h"
#endif

namespace tinyengine_tf {

// Neither Verifier tells what it was given. An explicit instantiation may name a private member, and the friend that it
// defines hands the member out.
struct VerifiedBuffer {
  typedef const uint8_t* flatbuffers::Verifier::*Member;
  friend Member PrivateMember(VerifiedBuffer);
};

template <typename Key, typename Key::Member member>
struct Disclose {
  friend typename Key::Member PrivateMember(Key) { return member; }
};

template struct Disclose<VerifiedBuffer, &flatbuffers::Verifier::buf_>;

inline const uint8_t* BufferOf(const flatbuffers::Verifier& verifier) {
  return verifier.*PrivateMember(VerifiedBuffer());
}

// A table of a FlatBuffer, as far as the shim reads any: little-endian, its fields found through its vtable.
class GraphTable {
 public:
  GraphTable(const GraphTable&) = delete;
  GraphTable& operator=(const GraphTable&) = delete;

 protected:
  GraphTable() = default;

  // `index` is the field's place in the schema's table.
  template <typename T>
  T Number(unsigned index, T absent) const {
    const uint8_t* const at = Field(index);
    return at != nullptr ? Read<T>(at) : absent;
  }
  // A vector, string or table; null where the file has none.
  template <typename T>
  const T* Pointer(unsigned index) const {
    const uint8_t* const at = Field(index);
    return at != nullptr ? reinterpret_cast<const T*>(at + Read<uint32_t>(at)) : nullptr;
  }

 private:
  template <typename T>
  static T Read(const uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  const uint8_t* Field(unsigned index) const {
    const uint8_t* const table = reinterpret_cast<const uint8_t*>(this);
    const uint8_t* const vtable = table - Read<int32_t>(table);
    const unsigned entry = 4 + 2 * index;  // behind the sizes of vtable and table
    const uint16_t offset = entry < Read<uint16_t>(vtable) ? Read<uint16_t>(vtable + entry) : 0;
    return offset != 0 ? table + offset : nullptr;
  }
};

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_FLATBUFFERS_H_
