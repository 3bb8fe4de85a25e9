"""Thumb-2 with DSP, Armv7E-M and Armv8-M mainline: one function per instruction, named as the manual names it.

Numbers are what instructions hold: offsets of -255 to 4095 bytes, pairs of words in fours to 1020, eight bits anywhere
in a word for most other immediates. Shifts and rotations are written on the register: `add(r0, r1, r2.lsl(3))`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyengine_tf.machine.instruction import (
    Instruction,
    Label,
    Moving,
    OutOfReach,
    RegisterList,
    ascending,
    expect,
    general,
    within,
)
from tinyengine_tf.machine.registers import FLAGS, Address, CoreRegister, Register, Scaled, Vector, pc, sp

LARGEST_OFFSET = 4095
"""Bytes that a load or store can reach beyond its pointer, and that one instruction can add."""
LARGEST_PAIR_OFFSET = 1020
"""The same for loads and stores of two words."""
LARGEST_STEP = 255
"""Bytes by which a load or store can advance its pointer, and that it can reach before it."""

Number = CoreRegister | int
SHIFT_BITS = {"lsl": (0, 31), "lsr": (1, 32), "asr": (1, 32), "ror": (1, 31)}
OPPOSITE = {"eq": "ne", "cs": "cc", "mi": "pl", "vs": "vc", "hi": "ls", "ge": "lt", "gt": "le"}
CONDITIONS = frozenset((*OPPOSITE, *OPPOSITE.values()))


def is_modified(value: int) -> bool:
    """Whether a "modified immediate" holds it: one byte anywhere in the word, or repeated in one of three patterns."""
    value %= 1 << 32
    byte = value & 0xFF
    if value in (byte * 0x00010001, byte * 0x01010101, (value >> 8 & 0xFF) * 0x01000100):
        return True
    lowest = value & -value
    return value <= 0xFF * lowest


# Addresses


def access(name: str, address: Address, limits: tuple[int, int], step: int = 1, most_step: int = LARGEST_STEP) -> None:
    """Check an address with a number in it: `limits` of the offset, `most_step` of the step, in multiples of `step`."""
    base, offset = address.base, address.offset
    expect(base is not pc, f"{name} relative to pc")
    assert isinstance(offset, int)
    if address.moves:
        expect(base is not sp, f"{name} that moves sp: use push and pop")
        within(offset, -most_step, most_step, f"the step of {name}", step)
    else:
        within(offset, *limits, f"the offset of {name}", step)


def registers_of(address: Address) -> tuple[Register, ...]:
    """What an address reads."""
    offset = address.offset
    index = offset.register if isinstance(offset, Scaled) else offset
    return (address.base,) if isinstance(index, int) else (address.base, index)


def _single(name: str, register: CoreRegister, address: Address) -> None:
    general(register)
    index = address.offset
    if isinstance(index, int):
        access(name, address, (-LARGEST_STEP, LARGEST_OFFSET))
    else:
        is_core = not isinstance(index, Vector) and not address.moves
        expect(is_core, f"{name} takes a number or a core register beyond its base")
        expect(address.base is not pc, f"{name} relative to pc")
        if isinstance(index, Scaled):
            expect(index.shift == "lsl", f"{name} shifts its offset to the left only")
            within(index.bits, 0, 3, f"the shift of the offset of {name}")
        general(*registers_of(address)[1:])
    if address.moves:
        expect(register is not address.base, f"{name} of the register that moves")


def _load(name: str) -> Callable[[CoreRegister, Address], Instruction]:
    def load(register: CoreRegister, address: Address) -> Instruction:
        _single(name, register, address)
        moved = (address.base,) if address.moves else ()
        return Instruction(name, "", (register, address), registers_of(address), (register, *moved), memory=True)

    return load


def _store(name: str) -> Callable[[CoreRegister, Address], Instruction]:
    def store(register: CoreRegister, address: Address) -> Instruction:
        _single(name, register, address)
        moved = (address.base,) if address.moves else ()
        return Instruction(name, "", (register, address), (register, *registers_of(address)), moved, memory=True)

    return store


ldr, ldrb, ldrh, ldrsb, ldrsh = (_load(name) for name in ("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh"))
str_, strb, strh = (_store(name) for name in ("str", "strb", "strh"))


def _pair(name: str, first: CoreRegister, second: CoreRegister, address: Address) -> tuple[Register, ...]:
    general(first, second)
    expect(isinstance(address.offset, int), f"{name} takes a number beyond its base")
    access(name, address, (-LARGEST_PAIR_OFFSET, LARGEST_PAIR_OFFSET), 4, LARGEST_PAIR_OFFSET)
    expect(not address.moves or address.base not in (first, second), f"{name} of the register that moves")
    return (address.base,) if address.moves else ()


def ldrd(first: CoreRegister, second: CoreRegister, address: Address) -> Instruction:
    moved = _pair("ldrd", first, second, address)
    expect(first is not second, "ldrd twice into the same register")
    return Instruction("ldrd", "", (first, second, address), (address.base,), (first, second, *moved), memory=True)


def strd(first: CoreRegister, second: CoreRegister, address: Address) -> Instruction:
    moved = _pair("strd", first, second, address)
    return Instruction("strd", "", (first, second, address), (first, second, address.base), moved, memory=True)


# Lists of registers. Of a single one no core is bound to take a list: that becomes a plain load or store.


def _list(name: str, base: CoreRegister, registers: Sequence[CoreRegister], moves: bool) -> tuple[CoreRegister, ...]:
    found = ascending(registers)
    expect(base is not pc, f"{name} relative to pc")
    general(*found)
    expect(not moves or base not in found, f"{name} of the register that moves")
    return found


def ldm(base: CoreRegister, registers: Sequence[CoreRegister], moves: bool = False) -> Instruction:
    """Consecutive words into registers, `base` moving on behind them if it `moves`."""
    found = _list("ldm", base, registers, moves)
    if len(found) == 1:
        return ldr(found[0], base.post(4) if moves else base[0])
    pointer = Moving(base) if moves else base
    written = (*found, base) if moves else found
    return Instruction("ldmia", "", (pointer, RegisterList(found)), (base,), written, memory=True)


def stm(base: CoreRegister, registers: Sequence[CoreRegister], moves: bool = False) -> Instruction:
    found = _list("stm", base, registers, moves)
    if len(found) == 1:
        return str_(found[0], base.post(4) if moves else base[0])
    pointer = Moving(base) if moves else base
    written = (base,) if moves else ()
    return Instruction("stmia", "", (pointer, RegisterList(found)), (base, *found), written, memory=True)


def _several(name: str, registers: Sequence[CoreRegister]) -> tuple[CoreRegister, ...]:
    found = ascending(registers)
    general(*found)
    expect(len(found) > 1, f"{name} of one register")
    return found


def push(registers: Sequence[CoreRegister]) -> Instruction:
    found = _several("push", registers)
    return Instruction("push", "", (RegisterList(found),), (sp, *found), (sp,), memory=True)


def pop(registers: Sequence[CoreRegister]) -> Instruction:
    found = _several("pop", registers)
    return Instruction("pop", "", (RegisterList(found),), (sp,), (sp, *found), memory=True)


# Moves and arithmetic


def mov(to: CoreRegister, value: Number) -> Instruction:
    if isinstance(value, CoreRegister):
        expect(to is not sp and to is not pc and value is not pc, "mov of sp or pc")
        return Instruction("mov", "", (to, value), (value,), (to,))
    general(to)
    if not -(1 << 31) <= value < 1 << 32 or not (0 <= value < 65536 or is_modified(value) or is_modified(~value)):
        raise OutOfReach(f"mov takes 16 bits, or 8 anywhere in a word, not {value}")
    return Instruction("mov", "", (to, value), (), (to,))


def mvn(to: CoreRegister, value: Number) -> Instruction:
    general(to, *((value,) if isinstance(value, CoreRegister) else ()))
    if isinstance(value, int) and not is_modified(value):
        raise OutOfReach(f"mvn takes 8 bits anywhere in a word, not {value}")
    return Instruction("mvn", "", (to, value), (value,) if isinstance(value, CoreRegister) else (), (to,))


def movw(to: CoreRegister, value: int) -> Instruction:
    general(to)
    return Instruction("movw", "", (to, within(value, 0, 65535, "movw")), (), (to,))


def movt(to: CoreRegister, value: int) -> Instruction:
    general(to)
    return Instruction("movt", "", (to, within(value, 0, 65535, "movt")), (to,), (to,))


def _operand(name: str, value: CoreRegister | Scaled) -> CoreRegister:
    """The register of a second operand, its shift checked."""
    if isinstance(value, Scaled):
        within(value.bits, *SHIFT_BITS[value.shift], f"the {value.shift} in {name}")
        value = value.register
    general(value)
    return value


def _modified(name: str, value: int) -> None:
    if not 0 <= value < 1 << 32 or not is_modified(value):
        raise OutOfReach(f"{name} takes 8 bits anywhere in a word, not {value}")


def _sum(name: str, flags: bool) -> Callable[[CoreRegister, CoreRegister, Number | Scaled], Instruction]:
    def instruction(to: CoreRegister, a: CoreRegister, b: Number | Scaled) -> Instruction:
        expect(to is not pc and a is not pc and (to is not sp or a is sp), f"{name} of {to}, {a}")
        reads: tuple[Register, ...] = (a,)
        if isinstance(b, int):
            if flags or not 0 <= b <= LARGEST_OFFSET:
                _modified(name, b)
        else:
            reads = (a, _operand(name, b))
            if to is sp and isinstance(b, Scaled):
                expect(b.shift == "lsl" and b.bits <= 3, f"{name} to sp shifts by 3 at most")
        return Instruction(name, "", (to, a, b), reads, (to, FLAGS) if flags else (to,))

    return instruction


add, sub = _sum("add", False), _sum("sub", False)
adds, subs = _sum("adds", True), _sum("subs", True)


def _bits(name: str) -> Callable[[CoreRegister, CoreRegister, Number | Scaled], Instruction]:
    def instruction(to: CoreRegister, a: CoreRegister, b: Number | Scaled) -> Instruction:
        general(to, a)
        if isinstance(b, int):
            _modified(name, b)
            return Instruction(name, "", (to, a, b), (a,), (to,))
        return Instruction(name, "", (to, a, b), (a, _operand(name, b)), (to,))

    return instruction


and_, orr, eor, bic = (_bits(name) for name in ("and", "orr", "eor", "bic"))


def _shift(name: str) -> Callable[[CoreRegister, CoreRegister, Number], Instruction]:
    def instruction(to: CoreRegister, value: CoreRegister, by: Number) -> Instruction:
        general(to, value)
        if isinstance(by, int):
            within(by, *SHIFT_BITS[name], name)
            return Instruction(name, "", (to, value, by), (value,), (to,))
        general(by)
        return Instruction(name, "", (to, value, by), (value, by), (to,))

    return instruction


lsl, lsr, asr, ror = (_shift(name) for name in ("lsl", "lsr", "asr", "ror"))


def cmp(a: CoreRegister, b: Number | Scaled) -> Instruction:
    """A negative number is compared by its opposite (CMN)."""
    expect(a is not pc, "cmp of pc")
    if isinstance(b, int):
        if not is_modified(b) and not is_modified(-b):
            raise OutOfReach(f"cmp takes 8 bits anywhere in a word, not {b}")
        return Instruction("cmp", "", (a, b), (a,), (FLAGS,))
    return Instruction("cmp", "", (a, b), (a, _operand("cmp", b)), (FLAGS,))


def tst(a: CoreRegister, b: Number) -> Instruction:
    general(a)
    if isinstance(b, int):
        _modified("tst", b)
        return Instruction("tst", "", (a, b), (a,), (FLAGS,))
    return Instruction("tst", "", (a, b), (a, _operand("tst", b)), (FLAGS,))


def _three(name: str) -> Callable[[CoreRegister, CoreRegister, CoreRegister], Instruction]:
    def instruction(to: CoreRegister, a: CoreRegister, b: CoreRegister) -> Instruction:
        general(to, a, b)
        return Instruction(name, "", (to, a, b), (a, b), (to,))

    return instruction


def _four(name: str) -> Callable[[CoreRegister, CoreRegister, CoreRegister, CoreRegister], Instruction]:
    def instruction(to: CoreRegister, a: CoreRegister, b: CoreRegister, c: CoreRegister) -> Instruction:
        general(to, a, b, c)
        return Instruction(name, "", (to, a, b, c), (a, b, c), (to,))

    return instruction


mul, sdiv, udiv, smuad, smmul, smmulr, sadd16, ssub16, smulbb = (
    _three(name) for name in ("mul", "sdiv", "udiv", "smuad", "smmul", "smmulr", "sadd16", "ssub16", "smulbb")
)
mla, mls, smlad, smmla, smmlar, smlabb, smlabt, smlatb, smlatt = (
    _four(name) for name in ("mla", "mls", "smlad", "smmla", "smmlar", "smlabb", "smlabt", "smlatb", "smlatt")
)


def _saturating(name: str) -> Callable[[CoreRegister, CoreRegister, CoreRegister], Instruction]:
    return _three(name)  # the Q flag that it sets is read by nothing here


qadd, qsub = _saturating("qadd"), _saturating("qsub")


def pkhbt(to: CoreRegister, bottom: CoreRegister, top: CoreRegister | Scaled) -> Instruction:
    general(to, bottom)
    expect(not isinstance(top, Scaled) or top.shift == "lsl", "pkhbt shifts to the left")
    return Instruction("pkhbt", "", (to, bottom, top), (bottom, _operand("pkhbt", top)), (to,))


def _extend(name: str) -> Callable[[CoreRegister, CoreRegister | Scaled], Instruction]:
    def instruction(to: CoreRegister, value: CoreRegister | Scaled) -> Instruction:
        register = value.register if isinstance(value, Scaled) else value
        if isinstance(value, Scaled):
            expect(value.shift == "ror", f"{name} rotates")
            within(value.bits, 8, 24, f"the rotation of {name}", 8)
        general(to, register)
        return Instruction(name, "", (to, value), (register,), (to,))

    return instruction


sxtb, uxtb, sxth, uxth, sxtb16, uxtb16 = (_extend(n) for n in ("sxtb", "uxtb", "sxth", "uxth", "sxtb16", "uxtb16"))


def rev16(to: CoreRegister, value: CoreRegister) -> Instruction:
    general(to, value)
    return Instruction("rev16", "", (to, value), (value,), (to,))


def ssat(to: CoreRegister, bits: int, value: CoreRegister | Scaled) -> Instruction:
    register = value.register if isinstance(value, Scaled) else value
    if isinstance(value, Scaled):
        expect(value.shift in ("lsl", "asr"), "ssat shifts arithmetically")
        within(value.bits, *((0, 31) if value.shift == "lsl" else (1, 31)), "the shift of ssat")
    general(to, register)
    within(bits, 1, 32, "ssat")
    return Instruction("ssat", "", (to, bits, value), (register,), (to,))


# Branches. Conditional ones reach a megabyte: assemblers choose the length.


def b(target: Label) -> Instruction:
    return Instruction("b", "", (target,), (), (), target=target, leaves=True)


def branch(condition: str, target: Label) -> Instruction:
    expect(condition in CONDITIONS, f"no condition {condition!r}")
    return Instruction(f"b{condition}", "", (target,), (FLAGS,), (), target=target)


# Short sequences


def load_number(to: CoreRegister, value: int) -> list[Instruction]:
    """A constant modulo 2**32 into a register."""
    value %= 1 << 32
    return [movw(to, value % 65536)] + ([movt(to, value // 65536)] if value > 65535 else [])


def add_number(to: CoreRegister, value: int, spare: CoreRegister) -> list[Instruction]:
    """to += value; `spare` may be lost."""
    if abs(value) <= LARGEST_OFFSET:
        return [(add if value > 0 else sub)(to, to, abs(value))] if value else []
    return [*load_number(spare, value), add(to, to, spare)]


def load_at(registers: Sequence[CoreRegister], pointer: CoreRegister, offset: int) -> list[Instruction]:
    """Consecutive words at an offset, two at a time where the offset allows."""
    return _at(ldr, ldrd, registers, pointer, offset)


def store_at(registers: Sequence[CoreRegister], pointer: CoreRegister, offset: int) -> list[Instruction]:
    """The same, storing."""
    return _at(str_, strd, registers, pointer, offset)


def _at(
    one: Callable[[CoreRegister, Address], Instruction],
    two: Callable[[CoreRegister, CoreRegister, Address], Instruction],
    registers: Sequence[CoreRegister],
    pointer: CoreRegister,
    offset: int,
) -> list[Instruction]:
    code: list[Instruction] = []
    while registers:
        if len(registers) > 1 and offset <= LARGEST_PAIR_OFFSET:
            code.append(two(registers[0], registers[1], pointer[offset]))
            registers, offset = registers[2:], offset + 8
        else:
            code.append(one(registers[0], pointer[offset]))
            registers, offset = registers[1:], offset + 4
    return code
