/* Each frame of samples becomes a row of features, each row is fed to the network at once: neither the recording nor
 * its spectrogram is ever in memory. */
#include "recogniser.h"

#include <math.h>
#include <string.h>

#include "digits.h"
#include "features.h"

#define KEPT (FEATURES_FRAME - FEATURES_HOP)

static int16_t frame[FEATURES_FRAME];
static int filled;

int recogniser_init(void) {
  filled = 0;
  return digits_init(NULL, 0);
}

static int8_t quantized(float value) {
  const float q = rintf(value / DIGITS_INPUT0_SCALE) + (float)DIGITS_INPUT0_ZERO_POINT;
  return (int8_t)(q < -128.0f ? -128.0f : q > 127.0f ? 127.0f : q);
}

static int best_score(void) {
  const int8_t *scores = digits_output(0);
  int best = 0;
  for (int i = 1; i < DIGITS_OUTPUT0_ELEMENTS; ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  return best;
}

int recogniser_take(int16_t sample) {
  frame[filled++] = sample;
  if (filled < FEATURES_FRAME) return -1;

  float log_mel[FEATURES_BANDS];
  int8_t row[FEATURES_BANDS];
  features_of_frame(frame, log_mel);
  for (int i = 0; i < FEATURES_BANDS; ++i) row[i] = quantized(log_mel[i]);
  memmove(frame, frame + FEATURES_HOP, KEPT * sizeof frame[0]);
  filled = KEPT;

  const int missing = digits_feed_rows(row, 1);
  if (missing > 0) return -1;
  filled = 0;
  return missing == 0 ? best_score() : missing - 1;
}
