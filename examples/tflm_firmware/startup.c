/* Reset for QEMU's Cortex-M4 machine mps2-an386. The C library's own start-up code (rdimon: output and exit go to the
 * emulator) does the rest; the emulator has loaded .data to where it belongs. */
#include <stdint.h>

extern uint32_t stack_top;
void _start(void);
void fault(void);

void fault(void) {
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))&stack_top, _start, fault, fault, fault, fault, fault,
};
