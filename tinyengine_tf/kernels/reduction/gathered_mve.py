"""Global averages and sums with Helium: eight channels of a row at once.

Sums in the state lie in the order of the vectors: four even channels, then four odd ones.
"""

from __future__ import annotations

from tinyengine_tf.kernels.base import Arg, Lowered
from tinyengine_tf.kernels.reduction.gathered import gathered
from tinyengine_tf.kernels.reduction.sum_mve_code import CHANNELS, add_pixels
from tinyengine_tf.kernels.thumb import load_number
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.ops.reduce import Sum


def gathered_mve(op: AveragePool2D | Sum, args: tuple[Arg, ...]) -> Lowered:
    channels = op.input.shape[3]
    padded = -(-channels // CHANNELS) * CHANNELS
    further = {
        "padded_channels": padded,
        "lines": _lines(op.input.shape[2], channels),
        "arguments": (("const int8_t *", "in"), ("int32_t *", "sums")),
    }
    return gathered(op, "reduction/global_sum_mve.c.j2", args, further, sums=padded)


def _lines(width: int, channels: int) -> list[str]:
    """A row added to the sums. r0 row, r1 sums, r2 channels that are left."""
    partial = channels % CHANNELS > 0
    return [
        *load_number("r2", channels),
        "1:",
        *(["vctp.16 r2"] if partial else []),
        *add_pixels(width, channels, partial),
        "vldrw.u32 q0, [r1]",
        "vldrw.u32 q1, [r1, #16]",
        "vadd.i32 q0, q0, q2",
        "vadd.i32 q1, q1, q3",
        "vstrw.32 q0, [r1], #16",
        "vstrw.32 q1, [r1], #16",
        f"add r0, r0, #{CHANNELS}",
        f"subs r2, r2, #{CHANNELS}",
        "bgt 1b",
    ]
