#include "features.h"

#include <math.h>

#define HALF (FEATURES_FRAME / 2)

/* The radix-2 FFT in place, decimation in time, of HALF complex values in bit-reversed order. */
static void transform(float re[HALF], float im[HALF]) {
  for (int span = 1; span < HALF; span *= 2) {
    const int step = HALF / span; /* the tables hold the turns of a transform twice as long */
    for (int k = 0; k < span; ++k) {
      const float c = cosine[k * step], s = sine[k * step];
      for (int a = k; a < HALF; a += 2 * span) {
        const int b = a + span;
        const float x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

static int reversed(int index) {
  int result = 0;
  for (int bit = 1; bit < HALF; bit *= 2) {
    result = 2 * result + (index & 1);
    index /= 2;
  }
  return result;
}

static float windowed(const int16_t *samples, int i) {
  return (float)samples[i] * window[i <= HALF ? i : FEATURES_FRAME - i];
}

void features_of_frame(const int16_t samples[FEATURES_FRAME], float log_mel[FEATURES_BANDS]) {
  /* A real signal as a complex one of half the length: even samples real, odd samples imaginary. */
  float re[HALF], im[HALF], power[HALF + 1];
  for (int i = 0; i < HALF; ++i) {
    const int to = reversed(i);
    re[to] = windowed(samples, 2 * i);
    im[to] = windowed(samples, 2 * i + 1);
  }
  transform(re, im);

  power[0] = (re[0] + im[0]) * (re[0] + im[0]);
  power[HALF] = (re[0] - im[0]) * (re[0] - im[0]);
  for (int k = 1; k < HALF; ++k) {
    /* Spectra of the even and of the odd samples, then the last butterfly. */
    const int mirror = HALF - k;
    const float even_re = 0.5f * (re[k] + re[mirror]), even_im = 0.5f * (im[k] - im[mirror]);
    const float odd_re = 0.5f * (im[k] + im[mirror]), odd_im = 0.5f * (re[mirror] - re[k]);
    const float x = even_re + odd_re * cosine[k] - odd_im * sine[k];
    const float y = even_im + odd_re * sine[k] + odd_im * cosine[k];
    power[k] = x * x + y * y;
  }

  const float *weight = band_weights;
  for (int band = 0; band < FEATURES_BANDS; ++band) {
    float energy = FEATURES_FLOOR;
    for (int i = 0; i < band_count[band]; ++i) energy += *weight++ * power[band_first[band] + i];
    log_mel[band] = logf(energy);
  }
}
