/* Log-mel features of 8 kHz speech, frame by frame, as features.py computes them for training. */
#ifndef FEATURES_H
#define FEATURES_H

#include <stdint.h>

#include "features_tables.h"

/* The natural logarithm of each mel band's energy in one frame of FEATURES_FRAME samples. Needs 2 KB of stack. */
void features_of_frame(const int16_t samples[FEATURES_FRAME], float log_mel[FEATURES_BANDS]);

#endif
