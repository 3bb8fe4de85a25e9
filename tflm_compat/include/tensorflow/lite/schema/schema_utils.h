// Included beside schema_generated.h by some firmware.
#pragma once

#include "tensorflow/lite/schema/schema_generated.h"  // IWYU pragma: export
