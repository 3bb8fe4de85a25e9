"""Products of one or two pixels with two filters on Armv6-M.

r0, (r1) inputs, then two registers for weights, all pointing behind their last   r4 minus the products to come
r5-r7 at work   r8, r9, (r12, lr) sums, pixel by pixel
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.machine.frame import Frame
from tinyengine_tf.machine.instruction import Item, Label
from tinyengine_tf.machine.program import Argument, Function, thumb1_function
from tinyengine_tf.machine.registers import CoreRegister, lr, r, r4, r5, r6, r7, r8, r9, r12
from tinyengine_tf.machine.thumb1 import add, adds, b, branch, cmp, ldr, ldrsb, mov, movs, muls, negs, str_, tst

UNROLLED = 4
FRAME = Frame("r8", "r9", "sums")
"""What the function leaves on the stack: two high registers, and the argument that it overwrites."""


def dot(pixels: int) -> dict[str, Any]:
    """`sums` holds on entry the number of inputs and the distance of the filters, on return the sums."""
    comment = f"Products of {'two pixels' if pixels == 2 else 'a pixel'} with two filters. `sums` holds on entry the "
    comment += "number of inputs and the distance of the filters,\n   on return the sums, pixel by pixel."
    return in_assembly(comment, _function(pixels))


def _function(pixels: int) -> Function:
    arguments = [Argument("const int8_t *", f"x{p}") for p in range(pixels)]
    arguments += [Argument("const int8_t *", "w"), Argument("int32_t *", "sums")]
    inputs, first, second = r[:pixels], r[pixels], r[pixels + 1]
    sums = (r8, r9, r12, lr)[: 2 * pixels]
    one = _step(inputs, first, second)
    again, aligned, end, round_ = Label("again"), Label("aligned"), Label("end"), Label("round")
    code: list[Item] = [ldr(r4, second[0]), ldr(second, second[4])]
    code += [adds(pointer, pointer, r4) for pointer in (*inputs, first)]
    code += [adds(second, second, first), negs(r4, r4), movs(r5, 0), *(mov(total, r5) for total in sums)]
    # Single products until their number is a multiple of those in the loop.
    code += [again, movs(r5, UNROLLED - 1), tst(r5, r4), branch("eq", aligned), *one, b(again), aligned]
    code += [cmp(r4, 0), branch("eq", end), round_, *one * UNROLLED, branch("ne", round_), end, ldr(r5, FRAME["sums"])]
    for i, total in enumerate(sums):
        code += [mov(r6, total), str_(r6, r5[4 * i])]
    return thumb1_function(arguments, code, spilled=(second,))


def _step(inputs: tuple[CoreRegister, ...], first: CoreRegister, second: CoreRegister) -> list[Item]:
    """One input of each pixel times one weight of each filter; flags tell whether it was the last.

    A product overwrites a factor: the order of the four lets three of them do without a copy.
    """
    code: list[Item] = [ldrsb(r5, inputs[0][r4]), ldrsb(r6, first[r4])]
    if len(inputs) == 2:
        code += [movs(r7, r6), muls(r7, r5), add(r8, r7), ldrsb(r7, inputs[1][r4]), muls(r6, r7), add(r12, r6)]
        code += [ldrsb(r6, second[r4]), muls(r7, r6), add(lr, r7)]
    else:
        code += [muls(r6, r5), add(r8, r6), ldrsb(r6, second[r4])]
    return [*code, muls(r5, r6), add(r9, r5), adds(r4, r4, 1)]
