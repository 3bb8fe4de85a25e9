"""One instruction as a value, and the two ways in which one can be wrong.

OutOfReach    a number does not fit: another kernel must be taken, or another way be found
InvalidCode   no number would help, as a stack pointer in a product: a mistake in the generator
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tinyengine_tf.errors import InternalError
from tinyengine_tf.machine.registers import Address, CoreRegister, Register, Scaled, Vector, pc, sp


class OutOfReach(Exception):
    """A number that an instruction cannot hold. `sentence` says why a kernel does not apply."""

    def __init__(self, sentence: str):
        self.sentence = sentence
        super().__init__(sentence)


class InvalidCode(InternalError):
    """Machine code that no core runs, or that loses what a C function must keep."""


@dataclass(frozen=True, eq=False)
class Label:
    """A place in code; each is placed once. Text forms number labels in their order."""

    name: str = "label"


@dataclass(frozen=True)
class RegisterList:
    """Registers in ascending order, in braces."""

    registers: tuple[Register, ...]


@dataclass(frozen=True)
class Moving:
    """The pointer of a list of registers, which moves on behind them."""

    register: Register


@dataclass(frozen=True)
class Lane:
    """One lane of a vector."""

    vector: Vector
    index: int


Operand = Register | Address | Scaled | RegisterList | Moving | Lane | Label | int | str
"""As written: a str is a condition."""


@dataclass(frozen=True)
class Instruction:
    """mnemonic + `when` + suffix, then operands.

    reads, writes   registers, flags and predicate among them; an address that moves is written, too
    memory          it loads or stores
    target          where a branch goes; `leaves`: always, so that nothing follows it
    reach           bytes that the branch can go back and forth, counted from itself; None: as far as code gets
    nbytes          its length at most
    governs         so many instructions that follow are conditional or predicated
    when            a condition, or "t" for a predicate, of one that is
    predicable      a predicate can decide which of its lanes count; `merges`: the others are kept
    """

    mnemonic: str
    suffix: str
    operands: tuple[Operand, ...]
    reads: tuple[Register, ...]
    writes: tuple[Register, ...]
    memory: bool = False
    target: Label | None = None
    leaves: bool = False
    reach: tuple[int, int] | None = None
    nbytes: int = 4
    governs: int = 0
    when: str = ""
    predicable: bool = False
    merges: bool = True

    def only(self, when: str, decided_by: Register) -> Instruction:
        """The same under a condition: what it would have overwritten may stay."""
        kept = self.writes if self.merges else ()
        return replace(self, when=when, reads=(*self.reads, *kept, decided_by))


Item = Instruction | Label
Code = Sequence[Item]


def expect(condition: bool, sentence: str) -> None:
    """Raise InvalidCode unless the condition holds."""
    if not condition:
        raise InvalidCode(sentence)


def within(value: int, low: int, high: int, what: str, step: int = 1) -> int:
    """The value, if it is a multiple of `step` from low to high; else OutOfReach."""
    if not low <= value <= high or value % step:
        multiples = f"multiples of {step} " if step > 1 else ""
        raise OutOfReach(f"{what} takes {multiples}from {low} to {high}, not {value}")
    return value


def general(*registers: Register) -> None:
    """Every one a core register that is neither sp nor pc."""
    for register in registers:
        if not isinstance(register, CoreRegister) or register is sp or register is pc:
            raise InvalidCode(f"{register} where a general register must stand")


def low(*registers: Register) -> None:
    for register in registers:
        if not isinstance(register, CoreRegister) or not register.is_low:
            raise InvalidCode(f"{register} where a low register, r0 to r7, must stand")


def vectors(*registers: Register) -> None:
    for register in registers:
        if not isinstance(register, Vector):
            raise InvalidCode(f"{register} where a vector must stand")


def ascending(registers: Iterable[CoreRegister]) -> tuple[CoreRegister, ...]:
    """The registers of a list, checked: instructions move them in ascending order whatever is written."""
    found = tuple(registers)
    numbers = [register.number for register in found]
    expect(bool(found) and numbers[0] >= 0, "a list of registers that are not known")
    expect(numbers == sorted(set(numbers)), f"registers {', '.join(map(str, found))} do not ascend")
    return found
