"""Elementwise operators of two int16 operands: as few nested loops as the broadcast needs, constants as literals."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.binary import binary_params
from tinyengine_tf.kernels.elementwise.broadcast import broadcast
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Core


@kernel(Binary, types=(S16,))
def te_binary_s16(op: Binary, core: Core) -> Lowered | Because:
    """Requantisation with literal multipliers."""
    if not op.needs_scales:
        return Because("nothing is requantised")
    return broadcast(op, "elementwise/binary.c.j2", lambda: binary_params(op), ("requantize",))
