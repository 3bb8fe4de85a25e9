# Start-up, clock and measured call for RV32 in machine mode; same contract as arm.S.
    .option arch, +zicsr
    .section .vectors, "ax"
    .global te_reset
te_reset:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top
    la t0, te_fault_entry
    csrw mtvec, t0
    la a0, __data_start             # initial values of .data lie in flash
    la a1, __data_end
    la a2, __data_load
    j 2f
1:  lw a3, 0(a2)
    sw a3, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 4
2:  bltu a0, a1, 1b
    la a0, __bss_start
    la a1, __bss_end
    j 4f
3:  sw zero, 0(a0)
    addi a0, a0, 4
4:  bltu a0, a1, 3b
    call te_main
    call te_exit

    .text
    .balign 4
te_fault_entry:
    la sp, __stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call te_fault

    # te_now: minstret, as ticks = count / 256 modulo 2^32 and fine = count modulo 2^32.
    .global te_now
te_now:
    csrr a2, minstreth
    csrr a1, minstret
    slli a2, a2, 24
    srli a0, a1, 8
    or a0, a0, a2
    ret

    .global te_measure
te_measure:
    addi sp, sp, -32
    sw ra, 28(sp)
    sw s0, 24(sp)
    sw s1, 20(sp)
    sw s2, 16(sp)
    sw s3, 12(sp)
    mv s0, a0
    mv s1, a1
    mv s2, a2
    mv s3, a3
    la a0, __stack_limit            # paint everything below
    li a1, 0xA5C3A5C3
8:  sw a1, 0(a0)
    addi a0, a0, 4
    bltu a0, sp, 8b
    call te_now
    sw a0, 0(s1)
    sw a1, 4(s1)
    mv a0, s2
    mv a1, s3
    jalr s0
    sw a0, 16(s1)
    call te_now
    sw a0, 8(s1)
    sw a1, 12(s1)
    la a0, __stack_limit            # the lowest word that lost its paint is the high-water mark
    li a1, 0xA5C3A5C3
9:  bgeu a0, sp, 10f
    lw a3, 0(a0)
    addi a0, a0, 4
    beq a3, a1, 9b
    addi a0, a0, -4
10: sub a2, sp, a0
    sw a2, 20(s1)
    lw ra, 28(sp)
    lw s0, 24(sp)
    lw s1, 20(sp)
    lw s2, 16(sp)
    lw s3, 12(sp)
    addi sp, sp, 32
    ret

    .global te_empty
te_empty:
    ret

    .global te_loop
te_loop:
    li a0, 0
11: addi a1, a1, -1
    bnez a1, 11b
    ret

    .global te_semihost
    .balign 16                      # the three instructions must not straddle a page
te_semihost:
    .option push
    .option norvc
    slli x0, x0, 0x1f
    ebreak
    srai x0, x0, 7
    .option pop
    ret
