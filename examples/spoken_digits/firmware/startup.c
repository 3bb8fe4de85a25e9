/* Reset for QEMU's Cortex-M4 machine mps2-an386: the floating-point unit is switched on, then the C library's own
 * start-up code (rdimon: files and exit belong to the emulator) does the rest. */
#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u)

extern uint32_t stack_top;
void _start(void);
void reset(void);
void fault(void);

void reset(void) {
  CPACR |= 0xFu << 20; /* full access to coprocessors 10 and 11 */
  __asm volatile("dsb\n isb");
  _start();
}

void fault(void) {
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))&stack_top, reset, fault, fault, fault, fault, fault,
};
