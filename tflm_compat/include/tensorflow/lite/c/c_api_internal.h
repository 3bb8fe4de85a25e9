// What c/common.h was called until 2019.
#pragma once

#include "tensorflow/lite/c/common.h"  // IWYU pragma: export
