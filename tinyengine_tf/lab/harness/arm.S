@ Start-up, clock and measured call for Cortex-M; Thumb-1 only, so that it also assembles for Armv6-M.
    .syntax unified
    .thumb

    .section .vectors, "a"
    .word __stack_top
    .word te_reset + 1
    .rept 14
    .word te_fault_entry + 1
    .endr

    .text
    .thumb_func
    .global te_reset
te_reset:
    ldr r0, =0xE000ED88             @ CPACR: full access to CP10 and CP11, that is FPU and Helium
    ldr r1, =0x00F00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =__data_start           @ initial values of .data lie in flash
    ldr r1, =__data_end
    ldr r2, =__data_load
    b 2f
1:  ldr r3, [r2]
    str r3, [r0]
    adds r0, #4
    adds r2, #4
2:  cmp r0, r1
    blo 1b
    ldr r0, =__bss_start
    ldr r1, =__bss_end
    movs r2, #0
    b 4f
3:  str r2, [r0]
    adds r0, #4
4:  cmp r0, r1
    blo 3b
    ldr r0, =TE_COUNTER + 4         @ FPGAIO PRESCALE = 0: COUNTER ticks at full rate
    movs r1, #0
    str r1, [r0]
    bl te_main
    bl te_exit

    .thumb_func
te_fault_entry:                     @ the exception frame on the stack holds the program counter at +24
    mov r1, sp
    ldr r0, =__stack_top            @ after a stack overflow the frame is lost, so look only inside RAM
    cmp r1, r0
    bhs 5f
    ldr r0, =__stack_limit
    cmp r1, r0
    blo 5f
    ldr r1, [r1, #24]
    b 6f
5:  movs r1, #0
6:  ldr r0, =__stack_top
    mov sp, r0
    ldr r0, =0xE000ED28             @ CFSR, BFAR
    ldr r2, [r0, #16]
    ldr r0, [r0]
    bl te_fault

    @ te_now: the sum of TE_READS readings of the counter, 7 instructions apart. One tick lasts TE_READS
    @ instructions and gcd(7, TE_READS) = 1, so the readings meet every phase of the tick exactly once and
    @ sum floor((t + 7 i) / TE_READS) over i is t plus a constant: exact time in instructions from a coarse counter.
    .thumb_func
    .global te_now
te_now:
    ldr r2, =TE_COUNTER
    movs r3, #TE_READS
    movs r1, #0
    ldr r0, [r2]
    mov r12, r0
7:  ldr r0, [r2]
    adds r1, r0
    nop
    nop
    nop
    subs r3, #1
    bne 7b
    mov r0, r12
    bx lr

    .thumb_func
    .global te_measure
te_measure:
    push {r3-r7, lr}
    mov r4, r0
    mov r5, r1
    mov r6, r2
    mov r7, r3
    ldr r0, =__stack_limit          @ paint everything below
    ldr r1, =0xA5C3A5C3
    mov r2, sp
8:  str r1, [r0]
    adds r0, #4
    cmp r0, r2
    blo 8b
    bl te_now
    str r0, [r5, #0]
    str r1, [r5, #4]
    mov r0, r6
    mov r1, r7
    blx r4
    str r0, [r5, #16]
    bl te_now
    str r0, [r5, #8]
    str r1, [r5, #12]
    ldr r0, =__stack_limit          @ the lowest word that lost its paint is the high-water mark
    ldr r1, =0xA5C3A5C3
    mov r2, sp
9:  cmp r0, r2
    bhs 10f
    ldr r3, [r0]
    adds r0, #4
    cmp r3, r1
    beq 9b
    subs r0, #4
10: subs r2, r2, r0
    str r2, [r5, #20]
    pop {r3-r7, pc}

    .thumb_func
    .global te_empty
te_empty:
    bx lr

    .thumb_func
    .global te_loop
te_loop:
    movs r0, #0
11: subs r1, #1
    bne 11b
    bx lr

    .thumb_func
    .global te_semihost
te_semihost:
    bkpt 0xAB
    bx lr
    .pool
