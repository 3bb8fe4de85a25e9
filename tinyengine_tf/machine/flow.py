"""What is done again, and what is done in some cases only: code -> code with the branches around it.

A loop's body may contain loops. Hardware loops count in lr and need no flags; a tail-predicated one counts elements,
and its last round leaves out the lanes beyond them.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyengine_tf.machine import helium
from tinyengine_tf.machine.instruction import Code, Instruction, InvalidCode, Item, Label, expect
from tinyengine_tf.machine.registers import FLAGS, VPR, CoreRegister, Vector, lr
from tinyengine_tf.machine.thumb2 import OPPOSITE, branch, cmp, subs


def repeat_while(condition: str, body: Code) -> list[Item]:
    """The body, again as long as the flags that it leaves meet the condition."""
    again = Label("again")
    return [again, *body, branch(condition, again)]


def count_down(counter: CoreRegister, body: Code, by: int = 1, condition: str = "ne") -> list[Item]:
    """The body, `counter` times: it is counted down to zero (or, with "gt", until nothing is left)."""
    return repeat_while(condition, [*body, subs(counter, counter, by)])


def until_equal(pointer: CoreRegister, end: CoreRegister, body: Code) -> list[Item]:
    """The body, until `pointer` has come to `end`."""
    return repeat_while("ne", [*body, cmp(pointer, end)])


def skip_if(condition: str, body: Code) -> list[Item]:
    """The body, unless the flags meet the condition."""
    end = Label("end")
    return [branch(condition, end), *body, end]


def hardware_loop(body: Code) -> list[Item]:
    """The body, lr times, at least once."""
    again = Label("again")
    return [helium.dls(lr, lr), again, *body, helium.le(lr, again)]


def hardware_loop_if_any(body: Code, begin: Code = ()) -> list[Item]:
    """`begin` and then the body lr times; neither where that is none."""
    again, end = Label("again"), Label("end")
    return [helium.wls(lr, lr, end), *begin, again, *body, helium.le(lr, again), end]


def elementwise_loop(bits: int, count: CoreRegister, body: Code) -> list[Item]:
    """The body for `count` elements of so many bits, at least one; as many at once as a vector holds."""
    again = Label("again")
    return [helium.dlstp(bits, lr, count), again, *body, helium.letp(lr, again)]


def elementwise_loop_if_any(bits: int, count: CoreRegister, body: Code) -> list[Item]:
    """The same; the body not at all for no elements."""
    again, end = Label("again"), Label("end")
    return [helium.wlstp(bits, lr, count, end), again, *body, helium.letp(lr, again), end]


def when(condition: str, *instructions: Instruction) -> list[Item]:
    """Instructions that are executed under a condition, up to four."""
    expect(condition in OPPOSITE or condition in OPPOSITE.values(), f"no condition {condition!r}")
    expect(1 <= len(instructions) <= 4, "one to four instructions are conditional together")
    for i in instructions:
        expect(i.target is None and not i.when and not i.governs, f"{i.mnemonic} is never conditional")
        expect(FLAGS not in i.writes, f"{i.mnemonic} would change the condition of those after it")
    block = Instruction("i" + "t" * len(instructions), "", (condition,), (FLAGS,), (), governs=len(instructions))
    return [block, *(i.only(condition, FLAGS) for i in instructions)]


def predicated(*instructions: Instruction) -> list[Item]:
    """Vector instructions, up to four, of whose lanes those of the predicate count."""
    _predicable(instructions)
    block = Instruction("vps" + "t" * len(instructions), "", (), (VPR,), (), governs=len(instructions))
    return [block, *(i.only("t", VPR) for i in instructions)]


def predicated_if(partial: bool, *instructions: Instruction) -> list[Item]:
    """The same where the predicate is needed, else the instructions as they are."""
    return predicated(*instructions) if partial else list(instructions)


def compared(kind: str, condition: str, a: Vector, b: Vector, *instructions: Instruction) -> list[Item]:
    """Vector instructions, up to four, for the lanes where the comparison holds."""
    _predicable(instructions)
    operands = helium.comparison(kind, condition, a, b)
    name, governs = "vp" + "t" * len(instructions), len(instructions)
    block = Instruction(name, f".{kind}", operands, (a, b), (VPR,), governs=governs)
    return [block, *(i.only("t", VPR) for i in instructions)]


def _predicable(instructions: Sequence[Instruction]) -> None:
    expect(1 <= len(instructions) <= 4, "one to four instructions are predicated together")
    for i in instructions:
        if not i.predicable or i.when:
            raise InvalidCode(f"{i.mnemonic} cannot be predicated")
