// Older firmware includes it; applications need only the micro resolver from it.
#pragma once

#include "tensorflow/lite/micro/micro_op_resolver.h"  // IWYU pragma: export
