// tflite::RuntimeShape: the dimensions of a tensor, as GetTensorShape returns them.
#ifndef TINYENGINE_TF_TFLM_TYPES_H_
#define TINYENGINE_TF_TFLM_TYPES_H_

#include <cstdint>

namespace tflite {

class RuntimeShape {
 public:
  // TFLM's limit is 6; the .tflite format's is 8.
  static constexpr int kMaxSmallSize = 8;

  RuntimeShape() : size_(0) {}
  RuntimeShape(int dimensions_count, const int32_t* dims_data)
      : size_(dimensions_count < kMaxSmallSize ? dimensions_count : static_cast<int>(kMaxSmallSize)) {
    for (int i = 0; i < size_; ++i) {
      dims_[i] = dims_data[i];
    }
  }

  // Arrays of `int` are another type than int32_t on some compilers for microcontrollers.
  template <typename Integer>
  RuntimeShape(int dimensions_count, const Integer* dims_data)
      : size_(dimensions_count < kMaxSmallSize ? dimensions_count : static_cast<int>(kMaxSmallSize)) {
    for (int i = 0; i < size_; ++i) {
      dims_[i] = static_cast<int32_t>(dims_data[i]);
    }
  }

  int32_t DimensionsCount() const { return size_; }
  int32_t Dims(int i) const { return dims_[i]; }
  const int32_t* DimsData() const { return dims_; }

  int FlatSize() const {
    int elements = 1;
    for (int i = 0; i < size_; ++i) {
      elements *= static_cast<int>(dims_[i]);
    }
    return elements;
  }

 private:
  int size_;
  int32_t dims_[kMaxSmallSize];
};

}  // namespace tflite

#endif  // TINYENGINE_TF_TFLM_TYPES_H_
