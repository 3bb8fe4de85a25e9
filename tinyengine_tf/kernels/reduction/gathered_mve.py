"""Global averages and sums with Helium: eight channels of a row at once.

Sums in the state lie in the order of the vectors: four even channels, then four odd ones.
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.base import Arg, Lowered
from tinyengine_tf.kernels.reduction.gathered import gathered
from tinyengine_tf.kernels.reduction.sum_mve_code import CHANNELS, add_pixels
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import vadd, vctp, vldrw, vstrw
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import q0, q1, q2, q3, r0, r1, r2
from tinyengine_tf.machine.thumb2 import add, load_number
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.ops.reduce import Sum

ARGUMENTS = (Argument("const int8_t *", "in"), Argument("int32_t *", "sums"))


def gathered_mve(op: AveragePool2D | Sum, args: tuple[Arg, ...]) -> Lowered:
    channels = op.input.shape[3]
    padded = -(-channels // CHANNELS) * CHANNELS

    def further() -> dict[str, Any]:
        return {"padded_channels": padded, "add_row": _add_row(op.input.shape[2], channels)}

    return gathered(op, "reduction/global_sum_mve.c.j2", args, further, sums=padded)


def _add_row(width: int, channels: int) -> dict[str, Any]:
    """A row added to the sums. r0 row, r1 sums, r2 channels that are left."""
    partial = channels % CHANNELS > 0
    block = [
        *([vctp(16, r2)] if partial else []),
        *add_pixels(width, channels, partial),
        vldrw(q0, r1[0], "u32"),
        vldrw(q1, r1[16], "u32"),
        vadd(q0, q0, q2, "i32"),
        vadd(q1, q1, q3, "i32"),
        vstrw(q0, r1.post(16), "32"),
        vstrw(q1, r1.post(16), "32"),
        add(r0, r0, CHANNELS),
    ]
    code = [*load_number(r2, channels), *flow.count_down(r2, block, CHANNELS, "gt")]
    return in_assembly(f"Adds up {width} pixels of {channels} channels.", thumb2_function(ARGUMENTS, code))
