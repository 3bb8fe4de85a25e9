"""Helium, the vectors of Armv8.1-M: one function per instruction; the kind of lanes, such as "s32", comes last.

Offsets and steps reach 127 elements in memory. Loads that widen and stores that narrow take their address in r0 to r7.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyengine_tf.machine.instruction import (
    Instruction,
    Label,
    Lane,
    Operand,
    expect,
    general,
    low,
    vectors,
    within,
)
from tinyengine_tf.machine.registers import VPR, Address, CoreRegister, Register, Vector, lr, pc, sp

LARGEST_OFFSET = 127
"""Elements that a load or store can reach beyond its pointer, and by which it can advance it."""
LARGEST_STEP = LARGEST_OFFSET
BACK, FORTH = (4094 - 4, 0), (0, 4094 + 4)
"""Bytes from itself that the end of a hardware loop can go back, and that its beginning can go forward."""
LANE_BITS = (8, 16, 32)
SIGNED = ("s8", "s16", "s32")
INTEGERS = (*SIGNED, "u8", "u16", "u32")
PLAIN = ("i8", "i16", "i32")


def _kind(name: str, kind: str, allowed: tuple[str, ...]) -> str:
    expect(kind in allowed, f"{name} of {kind}; there is one of {', '.join(allowed)}")
    return f".{kind}"


def _lane_bits(kind: str) -> int:
    return int(kind.lstrip("siuf"))


# Loads and stores

LOADS = {
    "vldrb": ("8", "u8", "s8", "u16", "s16", "u32", "s32"),
    "vldrh": ("16", "u16", "s16", "u32", "s32"),
    "vldrw": ("32", "u32", "s32"),
}
STORES = {"vstrb": ("8", "16", "32"), "vstrh": ("16", "32"), "vstrw": ("32",)}
BYTES = {"b": 1, "h": 2, "w": 4}


def _address(name: str, vector: Vector, address: Address, kind: str) -> tuple[Register, ...]:
    """What an address of vectors reads, checked."""
    vectors(vector)
    base, offset, size = address.base, address.offset, BYTES[name[-1]]
    expect(base is not pc, f"{name} relative to pc")
    if isinstance(offset, Vector):
        expect(not address.moves and base is not sp, f"{name} of scattered lanes from {base}")
        expect(not name.startswith("vldr") or offset is not vector, f"{name} over its own offsets")
        expect(
            8 * size != _lane_bits(kind) or kind[0] != "s", f"{name} of gathered lanes that are not widened has no sign"
        )
        return base, offset
    expect(isinstance(offset, int), f"{name} takes a number or a vector beyond its base")
    assert isinstance(offset, int)
    if 8 * size != _lane_bits(kind):
        low(base)
    expect(not address.moves or base is not sp, f"{name} that moves sp")
    what = "step" if address.moves else "offset"
    within(offset, -LARGEST_OFFSET * size, LARGEST_OFFSET * size, f"the {what} of {name}", size)
    return (base,)


def _load(name: str) -> Callable[[Vector, Address, str], Instruction]:
    def load(vector: Vector, address: Address, kind: str) -> Instruction:
        suffix = _kind(name, kind, LOADS[name])
        reads = _address(name, vector, address, kind)
        moved = (address.base,) if address.moves else ()
        return Instruction(
            name, suffix, (vector, address), reads, (vector, *moved), memory=True, predicable=True, merges=False
        )

    return load


def _store(name: str) -> Callable[[Vector, Address, str], Instruction]:
    def store(vector: Vector, address: Address, kind: str) -> Instruction:
        suffix = _kind(name, kind, STORES[name])
        reads = _address(name, vector, address, kind)
        moved = (address.base,) if address.moves else ()
        return Instruction(
            name, suffix, (vector, address), (vector, *reads), moved, memory=True, predicable=True, merges=False
        )

    return store


vldrb, vldrh, vldrw = (_load(name) for name in LOADS)
vstrb, vstrh, vstrw = (_store(name) for name in STORES)


# Between core registers and vectors


def vdup(to: Vector, value: CoreRegister, bits: int) -> Instruction:
    vectors(to)
    general(value)
    expect(bits in LANE_BITS, f"vdup of {bits} bits")
    return Instruction("vdup", f".{bits}", (to, value), (value,), (to,), predicable=True)


def vmov_lane(to: Vector, lane: int, value: CoreRegister) -> Instruction:
    """One 32-bit lane; the others stay."""
    vectors(to)
    general(value)
    return Instruction("vmov", ".32", (Lane(to, within(lane, 0, 3, "a lane")), value), (value,), (to,))


def vmov_lanes(to: Vector, lane: int, above: CoreRegister, at: CoreRegister) -> Instruction:
    """Lanes `lane` + 2 and `lane`, the first or the second of a half; the others stay."""
    vectors(to)
    general(above, at)
    within(lane, 0, 1, "the lower lane of two")
    return Instruction("vmov", "", (Lane(to, lane + 2), Lane(to, lane), above, at), (above, at), (to,))


def vmov_number(to: Vector, value: int, kind: str = "i32") -> Instruction:
    """The same number in all lanes."""
    vectors(to)
    suffix = _kind("vmov", kind, PLAIN)
    return Instruction("vmov", suffix, (to, within(value, 0, 255, "vmov")), (), (to,), predicable=True)


def _sum_of_products(name: str, adds: bool) -> Callable[[CoreRegister, Vector, Vector, str], Instruction]:
    def instruction(to: CoreRegister, a: Vector, b: Vector, kind: str) -> Instruction:
        expect(isinstance(to, CoreRegister) and to.is_even and to.number >= 0, f"{name} into {to}: an even register")
        vectors(a, b)
        suffix = _kind(name, kind, INTEGERS)
        reads = (a, b, to) if adds else (a, b)
        return Instruction(name, suffix, (to, a, b), reads, (to,), predicable=True)

    return instruction


vmladav, vmladava = _sum_of_products("vmladav", False), _sum_of_products("vmladava", True)


# Lane by lane

Other = Vector | CoreRegister


def _other(b: Other) -> None:
    if isinstance(b, CoreRegister):
        general(b)
    else:
        vectors(b)


def _lanewise(
    name: str, kinds: tuple[str, ...], scalar: bool = True
) -> Callable[[Vector, Vector, Other, str], Instruction]:
    """to = a (name) b, where b may be a core register if there is such a form."""

    def instruction(to: Vector, a: Vector, b: Other, kind: str) -> Instruction:
        vectors(to, a)
        expect(scalar or isinstance(b, Vector), f"{name} of a core register")
        _other(b)
        return Instruction(name, _kind(name, kind, kinds), (to, a, b), (a, b), (to,), predicable=True)

    return instruction


FLOAT_OR_PLAIN = (*PLAIN, "f32")
vadd, vsub, vmul = (_lanewise(name, FLOAT_OR_PLAIN) for name in ("vadd", "vsub", "vmul"))
vqadd, vqsub = _lanewise("vqadd", INTEGERS), _lanewise("vqsub", INTEGERS)
vqdmulh, vqrdmulh = _lanewise("vqdmulh", SIGNED), _lanewise("vqrdmulh", SIGNED)
vmax, vmin = _lanewise("vmax", INTEGERS, scalar=False), _lanewise("vmin", INTEGERS, scalar=False)
vmaxnm, vminnm = _lanewise("vmaxnm", ("f32",), scalar=False), _lanewise("vminnm", ("f32",), scalar=False)


def _accumulating(
    name: str, kinds: tuple[str, ...], scalar_only: bool
) -> Callable[[Vector, Vector, Other, str], Instruction]:
    """to = something of to, a and b."""

    def instruction(to: Vector, a: Vector, b: Other, kind: str) -> Instruction:
        vectors(to, a)
        expect(not scalar_only or isinstance(b, CoreRegister), f"{name} of two vectors")
        _other(b)
        return Instruction(name, _kind(name, kind, kinds), (to, a, b), (to, a, b), (to,), predicable=True)

    return instruction


vmla, vqrdmlash = _accumulating("vmla", INTEGERS, True), _accumulating("vqrdmlash", SIGNED, True)
vfma = _accumulating("vfma", ("f32",), False)
_vfms = _accumulating("vfms", ("f32",), False)


def vfms(to: Vector, a: Vector, b: Vector, kind: str) -> Instruction:
    vectors(b)
    return _vfms(to, a, b, kind)


def _bitwise(name: str) -> Callable[[Vector, Vector, Vector], Instruction]:
    def instruction(to: Vector, a: Vector, b: Vector) -> Instruction:
        vectors(to, a, b)
        return Instruction(name, "", (to, a, b), (a, b), (to,), predicable=True)

    return instruction


vand, veor, vorr = _bitwise("vand"), _bitwise("veor"), _bitwise("vorr")


def vshl_number(to: Vector, value: Vector, bits: int, kind: str) -> Instruction:
    vectors(to, value)
    suffix = _kind("vshl", kind, PLAIN)
    within(bits, 0, _lane_bits(kind) - 1, "vshl")
    return Instruction("vshl", suffix, (to, value, bits), (value,), (to,), predicable=True)


def vshr_number(to: Vector, value: Vector, bits: int, kind: str) -> Instruction:
    vectors(to, value)
    suffix = _kind("vshr", kind, INTEGERS)
    within(bits, 1, _lane_bits(kind), "vshr")
    return Instruction("vshr", suffix, (to, value, bits), (value,), (to,), predicable=True)


def _shift_by(name: str) -> Callable[[Vector, Other, str], Instruction]:
    """value = value shifted to the left, or to the right by negative numbers."""

    def instruction(value: Vector, by: Other, kind: str) -> Instruction:
        vectors(value)
        _other(by)
        suffix = _kind(name, kind, INTEGERS)
        operands: tuple[Operand, ...] = (value, by) if isinstance(by, CoreRegister) else (value, value, by)
        return Instruction(name, suffix, operands, (value, by), (value,), predicable=True)

    return instruction


vshl, vrshl = _shift_by("vshl"), _shift_by("vrshl")


def _unary(name: str, kinds: tuple[str, ...]) -> Callable[[Vector, Vector, str], Instruction]:
    def instruction(to: Vector, value: Vector, kind: str) -> Instruction:
        vectors(to, value)
        return Instruction(name, _kind(name, kind, kinds), (to, value), (value,), (to,), predicable=True)

    return instruction


WIDENING = ("s8", "u8", "s16", "u16")
vmovlb, vmovlt = _unary("vmovlb", WIDENING), _unary("vmovlt", WIDENING)
vcvta = _unary("vcvta", ("s32.f32", "u32.f32"))
vcvt = _unary("vcvt", ("f32.s32", "f32.u32", "s32.f32", "u32.f32"))


# Narrowing: results go into the bottom (b) or top (t) halves of lanes, the other halves stay.

NARROWING = ("s16", "s32", "u16", "u32")


def _narrow(name: str) -> Callable[[Vector, Vector, str], Instruction]:
    def instruction(to: Vector, value: Vector, kind: str) -> Instruction:
        vectors(to, value)
        return Instruction(name, _kind(name, kind, NARROWING), (to, value), (to, value), (to,), predicable=True)

    return instruction


vqmovnb, vqmovnt = _narrow("vqmovnb"), _narrow("vqmovnt")


def _narrow_shifted(name: str) -> Callable[[Vector, Vector, int, str], Instruction]:
    def instruction(to: Vector, value: Vector, bits: int, kind: str) -> Instruction:
        vectors(to, value)
        suffix = _kind(name, kind, NARROWING)
        within(bits, 1, _lane_bits(kind) // 2, name)
        return Instruction(name, suffix, (to, value, bits), (to, value), (to,), predicable=True)

    return instruction


vqrshrnb, vqrshrnt = _narrow_shifted("vqrshrnb"), _narrow_shifted("vqrshrnt")
LARGEST_NARROWING_SHIFT = 16
"""Bits by which VQRSHRN shifts words at most."""


# Predicates, and loops in hardware


EQUALITY, ORDER = ("eq", "ne"), ("ge", "lt", "gt", "le")
COMPARISONS = {"i": EQUALITY, "s": ORDER, "u": ("cs", "hi"), "f": (*EQUALITY, *ORDER)}


def vctp(bits: int, count: CoreRegister) -> Instruction:
    """The first `count` lanes of so many bits."""
    general(count)
    expect(bits in (*LANE_BITS, 64), f"vctp of {bits} bits")
    return Instruction("vctp", f".{bits}", (count,), (count,), (VPR,))


def comparison(kind: str, condition: str, a: Vector, b: Vector) -> tuple[Operand, ...]:
    """Operands of a comparison, checked."""
    vectors(a, b)
    _kind("vpt", kind, (*PLAIN, *INTEGERS, "f32"))
    expect(condition in COMPARISONS[kind[0]], f"vpt.{kind} of condition {condition!r}")
    return condition, a, b


def _counter(name: str, loop: CoreRegister, count: CoreRegister) -> None:
    expect(loop is lr, f"{name} counts in lr")
    general(count)


def dls(loop: CoreRegister, count: CoreRegister) -> Instruction:
    _counter("dls", loop, count)
    return Instruction("dls", "", (loop, count), (count,), (loop,))


def dlstp(bits: int, loop: CoreRegister, count: CoreRegister) -> Instruction:
    _counter("dlstp", loop, count)
    expect(bits in (*LANE_BITS, 64), f"dlstp of {bits} bits")
    return Instruction("dlstp", f".{bits}", (loop, count), (count,), (loop,))


def wls(loop: CoreRegister, count: CoreRegister, end: Label) -> Instruction:
    _counter("wls", loop, count)
    return Instruction("wls", "", (loop, count, end), (count,), (loop,), target=end, reach=FORTH)


def wlstp(bits: int, loop: CoreRegister, count: CoreRegister, end: Label) -> Instruction:
    _counter("wlstp", loop, count)
    expect(bits in (*LANE_BITS, 64), f"wlstp of {bits} bits")
    return Instruction("wlstp", f".{bits}", (loop, count, end), (count,), (loop,), target=end, reach=FORTH)


def _loop_end(name: str) -> Callable[[CoreRegister, Label], Instruction]:
    def instruction(loop: CoreRegister, again: Label) -> Instruction:
        expect(loop is lr, f"{name} counts in lr")
        return Instruction(name, "", (loop, again), (loop,), (loop,), target=again, reach=BACK)

    return instruction


le, letp = _loop_end("le"), _loop_end("letp")
