"""Instructions -> a Function or a Fragment of C, proven sound: every register is written before it is read, labels are
placed once, branches arrive, conditional instructions stand where their conditions do. What must be saved, what is
clobbered, which operands are inputs and which outputs follows from the instructions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyengine_tf.machine import thumb1, thumb2
from tinyengine_tf.machine.frame import Frame
from tinyengine_tf.machine.instruction import Code, Instruction, InvalidCode, Item, Label, OutOfReach, expect
from tinyengine_tf.machine.registers import (
    FIXED,
    FLAGS,
    VPR,
    Chosen,
    ChosenSingle,
    CoreRegister,
    Register,
    Vector,
    lr,
    pc,
    q,
    r,
    r9,
    sp,
)

SAVED = (*r[4:12], lr)
"""CoreRegister registers that a function gives back as they were."""
SAVED_VECTORS = q[4:]
MOVES_SP = ("push", "pop", "add", "sub", "vpush", "vpop")


@dataclass(frozen=True)
class Argument:
    """An argument of a C function, such as Argument("const int8_t *", "in")."""

    ctype: str
    name: str

    def declares(self, name: str) -> str:
        """A declaration of its type."""
        return f"{self.ctype}{'' if self.ctype.endswith('*') else ' '}{name}"


@dataclass(frozen=True)
class Function:
    """A C function that is all assembly: `code` with what saves and restores registers, arguments in r0 and up.

    clobbers     registers that are changed and not given back, then "memory" and "cc"
    directives   lines that the assembler needs before the code
    """

    arguments: tuple[Argument, ...]
    code: tuple[Item, ...]
    clobbers: tuple[str, ...]
    directives: tuple[str, ...] = ()

    @property
    def uses_vectors(self) -> bool:
        return any(isinstance(w, Vector) for i in self.code if isinstance(i, Instruction) for w in i.writes)


@dataclass(frozen=True)
class Fragment:
    """Code inside a C function, in registers that the compiler chooses.

    outputs   those that are written, each with whether it is read before; `inputs`: those that are only read
    """

    code: tuple[Item, ...]
    outputs: tuple[tuple[Chosen | ChosenSingle, bool], ...]
    inputs: tuple[Chosen | ChosenSingle, ...]
    clobbers: tuple[str, ...]

    @property
    def is_volatile(self) -> bool:
        return "memory" in self.clobbers


def thumb2_function(
    arguments: Sequence[Argument], body: Code, *, frame: Frame | None = None, r9_is_free: bool = False
) -> Function:
    """A function in Thumb-2, with a frame on the stack if one is given."""
    written = _check_function(arguments, body, r9_is_free)
    saved = _at_least_two([register for register in SAVED if register in written])
    vectors = [vector for vector in SAVED_VECTORS if vector in written]
    before: list[Item] = [thumb2.push(saved)] if saved else []
    after: list[Item] = [thumb2.pop(saved)] if saved else []
    if vectors:
        before.append(_saved_vectors("vpush", vectors))
        after.insert(0, _saved_vectors("vpop", vectors))
    if frame is not None:
        before.append(thumb2.sub(sp, sp, frame.nbytes))
        after.insert(0, thumb2.add(sp, sp, frame.nbytes))
    code = (*before, *body, *after)
    kept: set[Register] = {*saved, *vectors, *r[: len(arguments)]}
    return Function(tuple(arguments), code, _clobbers(body, written, kept))


def thumb1_function(arguments: Sequence[Argument], body: Code, *, spilled: Sequence[CoreRegister] = ()) -> Function:
    """A function of Armv6-M. `spilled` arguments go onto the stack with what is saved; above them lie the saved low
    registers, below them the saved high ones."""
    written = _check_function(arguments, body, r9_is_free=True)
    lows = [register for register in r[4:8] if register in written]
    highs = [register for register in r[8:12] if register in written]
    expect(len(highs) <= len(lows), "more high registers than low ones to save them through")
    first = [*spilled, *lows]
    before: list[Item] = [thumb1.push(first)] if first else []
    after: list[Item] = [thumb1.pop(first)] if first else []
    if highs:
        through = lows[: len(highs)]
        before += [*(thumb1.mov(a, b) for a, b in zip(through, highs, strict=True)), thumb1.push(through)]
        after = [thumb1.pop(through), *(thumb1.mov(b, a) for a, b in zip(through, highs, strict=True)), *after]
    code = (*before, *body, *after)
    kept: set[Register] = {*lows, *highs, *r[: len(arguments)]}
    return Function(tuple(arguments), code, _clobbers(body, written, kept), (".syntax unified",))


def fragment(code: Code, *, r9_is_free: bool = False) -> Fragment:
    """Code in registers that the compiler chooses; fixed ones that it writes are clobbered."""
    written, early = _check(code, 0, r9_is_free)
    fixed = [register for register in early if not isinstance(register, Chosen | ChosenSingle)]
    expect(not fixed, f"{', '.join(map(str, fixed))} read before anything is written there")
    used = {x for i in code if isinstance(i, Instruction) for x in (*i.reads, *i.writes)}
    chosen = sorted((x for x in used if isinstance(x, Chosen | ChosenSingle)), key=lambda x: x.bit)
    outputs = tuple((x, x in early) for x in chosen if x in written)
    inputs = tuple(x for x in chosen if x not in written)
    return Fragment(tuple(code), outputs, inputs, _clobbers(code, written, {x for x, _ in outputs}))


def _at_least_two(saved: list[CoreRegister]) -> list[CoreRegister]:
    """A list of one register is none: another one is saved with it."""
    return saved if len(saved) != 1 else [SAVED[0], lr] if saved[0] is lr else [*saved, lr]


def _saved_vectors(name: str, vectors: Sequence[Vector]) -> Instruction:
    """All vectors from the first to the last: lists are gapless."""
    first, last = 2 * vectors[0].number, 2 * vectors[-1].number + 1
    some = q[vectors[0].number : vectors[-1].number + 1]
    reads, writes = ((sp, *some), (sp,)) if name == "vpush" else ((sp,), (sp, *some))
    return Instruction(name, "", (f"{{d{first}-d{last}}}",), reads, writes, memory=True)


def _clobbers(code: Code, written: set[Register], kept: set[Register]) -> tuple[str, ...]:
    names = [x.name for x in FIXED if x in written and x not in kept and x not in (sp, FLAGS, VPR)]
    memory = any(isinstance(i, Instruction) and i.memory for i in code)
    return (*names, *(["memory"] if memory else []), *(["cc"] if FLAGS in written else []))


def _check_function(arguments: Sequence[Argument], body: Code, r9_is_free: bool) -> set[Register]:
    """The registers that a body writes."""
    expect(len(arguments) <= 4, "more than four arguments")
    given = sum(register.bit for register in r[: len(arguments)])
    written, early = _check(body, given | sp.bit, r9_is_free)
    expect(not early, f"{', '.join(map(str, early))} read before anything is written there")
    return written


def _check(code: Code, given: int, r9_is_free: bool) -> tuple[set[Register], list[Register]]:
    """(registers written, registers read before they are certainly written); `given` ones hold something at first.

    One pass suffices: what is certain at a label stays so until a branch comes back to it.
    """
    places = _places(code)
    certain = given
    at_label: dict[Label, int] = {}
    written: dict[Register, None] = {}
    early: dict[Register, None] = {}
    governed = 0
    for index, item in enumerate(code):
        if isinstance(item, Label):
            expect(not governed, "a label among conditional instructions")
            certain &= at_label.get(item, -1)
            continue
        expect(bool(item.when) == (governed > 0), f"{item.mnemonic} is out of step with the conditions before it")
        governed = item.governs or max(governed - 1, 0)
        if item.mnemonic not in ("push", "vpush"):  # what is saved need not mean anything
            for register in item.reads:
                if not certain & register.bit:
                    early[register] = None
        for register in item.writes:
            written[register] = None
            certain |= register.bit
        _allow(item, r9_is_free)
        if item.target is not None:
            target = places.get(item.target)
            expect(target is not None, f"{item.mnemonic} to a label that is nowhere")
            assert target is not None
            if target > index:
                at_label[item.target] = at_label.get(item.target, -1) & certain
            if item.reach is not None:
                _arrives(code, index, target)
        if item.leaves:
            certain = -1
    expect(not governed, "the code ends before what it makes conditional")
    return set(written), list(early)


def _places(code: Code) -> dict[Label, int]:
    places: dict[Label, int] = {}
    for index, item in enumerate(code):
        if isinstance(item, Label):
            expect(item not in places, f"label {item.name!r} is placed twice")
            places[item] = index
    return places


def _allow(item: Instruction, r9_is_free: bool) -> None:
    for register in item.writes:
        if register is r9 and not r9_is_free:
            raise InvalidCode(f"{item.mnemonic} changes r9, which belongs to the platform")
        if register is sp and item.mnemonic not in MOVES_SP or register is pc:
            raise InvalidCode(f"{item.mnemonic} changes {register}")


def _arrives(code: Code, index: int, target: int) -> None:
    """Raise OutOfReach if a branch does not reach its label, whatever lengths the assembler chooses."""
    branch = code[index]
    assert isinstance(branch, Instruction) and branch.reach is not None
    first, last = min(index, target), max(index, target)
    distance = sum(item.nbytes for item in code[first:last] if isinstance(item, Instruction))
    most = branch.reach[0 if target < index else 1]
    if distance > most:
        way = "back" if target < index else "forward"
        raise OutOfReach(f"{branch.mnemonic} goes {most} bytes {way}, not {distance}")
