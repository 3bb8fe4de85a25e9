"""Armv6-M: 16-bit instructions that work on r0 to r7, but for copies, comparisons and one form of addition.

All of them set the flags but those without s, loads and stores. Where both operands of an addition, a product and so on
are named once, the first is also where the result goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyengine_tf.machine.instruction import (
    Instruction,
    Label,
    Moving,
    Operand,
    RegisterList,
    ascending,
    expect,
    low,
    within,
)
from tinyengine_tf.machine.registers import FLAGS, Address, CoreRegister, Register, lr, pc, sp
from tinyengine_tf.machine.thumb2 import CONDITIONS

NBYTES = 2
CONDITIONAL_REACH = (256 - 4, 254 + 4)
REACH = (2048 - 4, 2046 + 4)
"""Bytes that a conditional branch, and an unconditional one, can go back and forth, from itself."""


def _instruction(
    name: str,
    operands: tuple[Operand, ...],
    reads: tuple[Register, ...],
    writes: tuple[Register, ...],
    memory: bool = False,
) -> Instruction:
    return Instruction(name, "", operands, reads, writes, memory=memory, nbytes=NBYTES)


def _address(name: str, address: Address, size: int, signed: bool) -> tuple[Register, ...]:
    """What an address reads, checked; words may lie on the stack."""
    base, offset = address.base, address.offset
    expect(not address.moves, f"{name} of Armv6-M moves no pointer")
    if isinstance(offset, CoreRegister):
        low(base, offset)
        return base, offset
    expect(isinstance(offset, int) and not signed, f"{name} takes a register beyond its base")
    assert isinstance(offset, int)
    if base is sp and size == 4:
        within(offset, 0, 1020, f"the offset of {name} from sp", 4)
    else:
        low(base)
        within(offset, 0, 31 * size, f"the offset of {name}", size)
    return (base,)


def _load(name: str, size: int, signed: bool = False) -> Callable[[CoreRegister, Address], Instruction]:
    def load(to: CoreRegister, address: Address) -> Instruction:
        low(to)
        return _instruction(name, (to, address), _address(name, address, size, signed), (to,), memory=True)

    return load


def _store(name: str, size: int) -> Callable[[CoreRegister, Address], Instruction]:
    def store(value: CoreRegister, address: Address) -> Instruction:
        low(value)
        return _instruction(name, (value, address), (value, *_address(name, address, size, False)), (), memory=True)

    return store


ldr, ldrb, ldrh = _load("ldr", 4), _load("ldrb", 1), _load("ldrh", 2)
ldrsb, ldrsh = _load("ldrsb", 1, signed=True), _load("ldrsh", 2, signed=True)
str_, strb, strh = _store("str", 4), _store("strb", 1), _store("strh", 2)


def ldm(base: CoreRegister, registers: Sequence[CoreRegister]) -> Instruction:
    """Consecutive words, `base` moving on behind them."""
    found = ascending(registers)
    low(base, *found)
    expect(base not in found, "ldm of the register that moves")
    return _instruction("ldmia", (Moving(base), RegisterList(found)), (base,), (*found, base), memory=True)


def stm(base: CoreRegister, registers: Sequence[CoreRegister]) -> Instruction:
    found = ascending(registers)
    low(base, *found)
    expect(base not in found, "stm of the register that moves")
    return _instruction("stmia", (Moving(base), RegisterList(found)), (base, *found), (base,), memory=True)


def push(registers: Sequence[CoreRegister]) -> Instruction:
    found = ascending(registers)
    low(*(register for register in found if register is not lr))
    return _instruction("push", (RegisterList(found),), (sp, *found), (sp,), memory=True)


def pop(registers: Sequence[CoreRegister]) -> Instruction:
    found = ascending(registers)
    low(*found)
    return _instruction("pop", (RegisterList(found),), (sp,), (sp, *found), memory=True)


def mov(to: CoreRegister, value: CoreRegister) -> Instruction:
    """Any registers; no flags."""
    expect(to not in (sp, pc) and value is not pc, "mov of sp or pc")
    return _instruction("mov", (to, value), (value,), (to,))


def add(to: CoreRegister, value: CoreRegister) -> Instruction:
    """to += value, any registers; no flags."""
    expect(to not in (sp, pc) and value not in (sp, pc), "add of sp or pc")
    return _instruction("add", (to, value), (to, value), (to,))


def movs(to: CoreRegister, value: CoreRegister | int) -> Instruction:
    low(to)
    if isinstance(value, int):
        return _instruction("movs", (to, within(value, 0, 255, "movs")), (), (to, FLAGS))
    low(value)
    return _instruction("movs", (to, value), (value,), (to, FLAGS))


def _sum(name: str) -> Callable[[CoreRegister, CoreRegister, CoreRegister | int], Instruction]:
    def instruction(to: CoreRegister, a: CoreRegister, b: CoreRegister | int) -> Instruction:
        low(to, a)
        if isinstance(b, int):
            within(b, 0, 255 if to is a else 7, name)
            return _instruction(name, (to, b) if to is a else (to, a, b), (a,), (to, FLAGS))
        low(b)
        return _instruction(name, (to, a, b), (a, b), (to, FLAGS))

    return instruction


adds, subs = _sum("adds"), _sum("subs")


def _two(name: str) -> Callable[[CoreRegister, CoreRegister], Instruction]:
    """to = to (name) value."""

    def instruction(to: CoreRegister, value: CoreRegister) -> Instruction:
        low(to, value)
        return _instruction(name, (to, value), (to, value), (to, FLAGS))

    return instruction


muls, ands, orrs, eors, bics = (_two(name) for name in ("muls", "ands", "orrs", "eors", "bics"))


def _unary(name: str) -> Callable[[CoreRegister, CoreRegister], Instruction]:
    def instruction(to: CoreRegister, value: CoreRegister) -> Instruction:
        low(to, value)
        return _instruction(name, (to, value), (value,), (to, FLAGS))

    return instruction


mvns = _unary("mvns")


def negs(to: CoreRegister, value: CoreRegister) -> Instruction:
    """to = -value (RSBS with the only number there is, 0)."""
    low(to, value)
    return _instruction("rsbs", (to, value, 0), (value,), (to, FLAGS))


def _shift(name: str, least: int, most: int) -> Callable[[CoreRegister, CoreRegister, int], Instruction]:
    def instruction(to: CoreRegister, value: CoreRegister, by: int) -> Instruction:
        low(to, value)
        return _instruction(name, (to, value, within(by, least, most, name)), (value,), (to, FLAGS))

    return instruction


lsls, lsrs, asrs = _shift("lsls", 0, 31), _shift("lsrs", 1, 32), _shift("asrs", 1, 32)


def cmp(a: CoreRegister, b: CoreRegister | int) -> Instruction:
    if isinstance(b, int):
        low(a)
        return _instruction("cmp", (a, within(b, 0, 255, "cmp")), (a,), (FLAGS,))
    expect(a not in (sp, pc) and b not in (sp, pc), "cmp of sp or pc")
    return _instruction("cmp", (a, b), (a, b), (FLAGS,))


def tst(a: CoreRegister, b: CoreRegister) -> Instruction:
    low(a, b)
    return _instruction("tst", (a, b), (a, b), (FLAGS,))


def b(target: Label) -> Instruction:
    return Instruction("b", "", (target,), (), (), target=target, leaves=True, reach=REACH, nbytes=NBYTES)


def branch(condition: str, target: Label) -> Instruction:
    expect(condition in CONDITIONS, f"no condition {condition!r}")
    return Instruction(
        f"b{condition}", "", (target,), (FLAGS,), (), target=target, reach=CONDITIONAL_REACH, nbytes=NBYTES
    )
