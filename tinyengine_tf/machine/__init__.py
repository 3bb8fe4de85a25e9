"""Machine code as a value: instructions whose operands are checked where they are written.

    registers     what instructions work on: r0 to sp, q0 to q7, s0 to s31, flags and predicate, a compiler's choice
    instruction   one instruction, a label, and the two ways to be wrong: OutOfReach and InvalidCode
    thumb2        Armv7E-M and Armv8-M mainline with DSP: one function per instruction
    thumb1        the same for Armv6-M
    vfp, helium   the same for single floats, and for vectors of Armv8.1-M
    flow          loops, conditional and predicated instructions
    frame         stack slots by name
    program       instructions -> a Function or a Fragment of C, proven sound: what it saves, reads and clobbers
    text          Function, Fragment -> the C that GCC and clang compile

Code is a list of instructions and labels, so it is joined, repeated and interleaved as lists are. A number that an
instruction cannot hold raises OutOfReach with a sentence; kernels.select takes it as the reason why a kernel does not
apply. Anything else that no core could run is a fault of ours: InvalidCode.
"""
