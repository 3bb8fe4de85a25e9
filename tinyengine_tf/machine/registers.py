"""What instructions work on. Registers are compared by identity: r3 is r3, and an operand equals nothing but itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, eq=False)
class Register:
    """Anything that an instruction reads or writes. `bit` tells registers apart in sets that are numbers."""

    name: str
    bit: int = field(repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class CoreRegister(Register):
    """A core register. `r0[8]`, `r0[r4]` and `r0[q1]` are addresses; after `r0.post(4)` the register has moved on."""

    number: int

    @property
    def is_low(self) -> bool:
        """Whether 16-bit instructions and widening vector loads take it."""
        return self.number < 8

    @property
    def is_even(self) -> bool:
        return self.number % 2 == 0

    def __getitem__(self, offset: int | CoreRegister | Vector | Scaled) -> Address:
        return Address(self, offset)

    def post(self, step: int) -> Address:
        return Address(self, step, moves=True)

    def lsl(self, bits: int) -> Scaled:
        return Scaled(self, "lsl", bits)

    def lsr(self, bits: int) -> Scaled:
        return Scaled(self, "lsr", bits)

    def asr(self, bits: int) -> Scaled:
        return Scaled(self, "asr", bits)

    def ror(self, bits: int) -> Scaled:
        return Scaled(self, "ror", bits)


@dataclass(frozen=True, eq=False)
class Vector(Register):
    """q0 to q7 of Helium, of which a called function keeps q4 to q7."""

    number: int


@dataclass(frozen=True, eq=False)
class Single(Register):
    """s0 to s31, single floats."""

    number: int


@dataclass(frozen=True, eq=False)
class Chosen(CoreRegister):
    """A core register that the C compiler chooses for an expression; which one is not known, so it is in no list."""

    expression: str = ""


@dataclass(frozen=True, eq=False)
class ChosenSingle(Single):
    """The same for a float."""

    expression: str = ""


@dataclass(frozen=True, eq=False)
class State(Register):
    """What instructions hand on beside registers: flags, and the predicate of Helium."""


@dataclass(frozen=True)
class Scaled:
    """A core register as a second operand, shifted or rotated on the way."""

    register: CoreRegister
    shift: Literal["lsl", "lsr", "asr", "ror"]
    bits: int


@dataclass(frozen=True)
class Address:
    """`base` and a number of bytes, a core register or a vector beyond it.

    moves   access at `base`, which then moves on
    """

    base: CoreRegister
    offset: int | CoreRegister | Vector | Scaled = 0
    moves: bool = False


CORES = tuple(CoreRegister(f"r{i}", 1 << i, i) for i in range(13)) + (
    CoreRegister("sp", 1 << 13, 13),
    CoreRegister("lr", 1 << 14, 14),
    CoreRegister("pc", 1 << 15, 15),
)
r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, sp, lr, pc = CORES
r = CORES[:13]
"""CoreRegister registers by number."""
q = tuple(Vector(f"q{i}", 1 << 16 + i, i) for i in range(8))
"""Vectors by number."""
q0, q1, q2, q3, q4, q5, q6, q7 = q
s = tuple(Single(f"s{i}", 1 << 24 + i, i) for i in range(32))
FLAGS = State("flags", 1 << 56)
VPR = State("vpr", 1 << 57)
FIXED: tuple[Register, ...] = (*CORES, *q, *s, FLAGS, VPR)
FIRST_FREE_BIT = 58


def chosen(*expressions: str) -> tuple[Chosen, ...]:
    """Registers for C expressions, in the order in which an inline statement lists them."""
    return tuple(Chosen(f"%{e}", 1 << FIRST_FREE_BIT + i, -1, e) for i, e in enumerate(expressions))


def chosen_single(expression: str) -> ChosenSingle:
    """A register for a float expression: one per statement."""
    return ChosenSingle(f"%{expression}", 1 << FIRST_FREE_BIT + 32, -1, expression)
