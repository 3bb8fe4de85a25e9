"""Single floats of the FPU, as far as kernels compute in assembly with them."""

from __future__ import annotations

from tinyengine_tf.machine.instruction import Instruction, InvalidCode, Moving, RegisterList, general, within
from tinyengine_tf.machine.registers import CoreRegister, Register, Single, pc, sp


def singles(*registers: Register) -> None:
    for register in registers:
        if not isinstance(register, Single):
            raise InvalidCode(f"{register} where a single float must stand")


def vload_next(to: Single, pointer: CoreRegister) -> Instruction:
    """A float, the pointer advanced (VLDMIA: there is no other load that advances it)."""
    singles(to)
    if pointer in (sp, pc):
        raise InvalidCode(f"vldmia that moves {pointer}")
    return Instruction("vldmia", "", (Moving(pointer), RegisterList((to,))), (pointer,), (to, pointer), memory=True)


def vdiv(to: Single, a: Single, b: Single) -> Instruction:
    singles(to, a, b)
    return Instruction("vdiv", ".f32", (to, a, b), (a, b), (to,))


def vcvt_fixed(value: Single, fraction_bits: int) -> Instruction:
    """To a signed number with so many fraction bits, truncated and saturated, in place."""
    singles(value)
    within(fraction_bits, 1, 32, "the fraction of vcvt")
    return Instruction("vcvt", ".s32.f32", (value, value, fraction_bits), (value,), (value,))


def vmov_core(to: CoreRegister, value: Single) -> Instruction:
    """The bits of a float."""
    general(to)
    singles(value)
    return Instruction("vmov", "", (to, value), (value,), (to,))
