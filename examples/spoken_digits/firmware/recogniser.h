/* Spoken digits from a stream of samples. */
#ifndef RECOGNISER_H
#define RECOGNISER_H

#include <stdint.h>

/* To be called once. Returns 0, or the network's negative status. */
int recogniser_init(void);

/* Takes the next sample of a recording of one second (8,000 of them). Returns -1 while the answer is not yet known, the
 * digit when it is (after 7,936 samples: the next sample begins a new recording), less than -1 on an error. */
int recogniser_take(int16_t sample);

#endif
