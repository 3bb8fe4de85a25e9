/* C firmware may include the C headers. */
#include "tensorflow/lite/c/c_api_types.h"
#include "tensorflow/lite/c/common.h"
#include "tinyengine_tf/model.h"

static TfLiteStatus check(int value) {
  TF_LITE_ENSURE_STATUS(value > 0 ? kTfLiteOk : kTfLiteError);
  return kTfLiteOk;
}

int main(void) { return check(1) == kTfLiteOk && TfLiteTypeGetName(kTfLiteInt8)[0] == 'I' ? 0 : 1; }
