/* What the bare-metal harness consists of: the measured call, the clock, and semihosting. */
#ifndef TE_HARNESS_H
#define TE_HARNESS_H
#include <stddef.h>
#include <stdint.h>

/* A point in time, see te_now in the assembly files: `ticks` is coarse and wraps late, `fine` is exact modulo 2^32. */
typedef struct { uint32_t ticks, fine; } te_time;

typedef struct {
    te_time start, end;
    int32_t status;       /* what the function returned */
    uint32_t stack_bytes; /* deepest use of the stack below the call; all of it where it overflowed */
} te_record;

/* A function of any type: te_measure calls it from assembly with two word-sized arguments and expects an int. */
typedef void te_function(void);

uint64_t te_now(void); /* a te_time: low word ticks, high word fine; touches no memory */
void te_measure(te_function *function, te_record *record, void *argument0, size_t argument1);
void te_empty(void); /* one instruction: return */
void te_loop(void);  /* 2 + 2 * argument1 instructions, the return included; returns 0 */

intptr_t te_semihost(int operation, const void *arguments);
void te_print(const char *text);
void te_fault(uint32_t cause, uint32_t program_counter, uint32_t address);
void te_exit(int code);
int te_main(void);
#endif
