"""Unary 8-bit operators that only limit the range, with Helium."""

from __future__ import annotations

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.byte_tables import BYTES
from tinyengine_tf.kernels.elementwise.clamp import MORE_THAN_A_CLAMP
from tinyengine_tf.kernels.elementwise.unary_mve import unary_mve
from tinyengine_tf.machine.helium import vdup, vldrb, vmax, vmin, vstrb
from tinyengine_tf.machine.registers import q0, q1, q2, r0, r1, r3
from tinyengine_tf.machine.thumb2 import load_number
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core


@kernel(Lookup, types=(BYTES,), isa="mve", before=("te_flip_sign_8_mve",))
def te_clamp_8_mve(op: Lookup, core: Core) -> Lowered | Because:
    """The function only limits the range, of 16 at once."""
    if not op.clamp:
        return MORE_THAN_A_CLAMP
    sign = "s8" if op.input.dtype is DType.INT8 else "u8"
    low, high = op.clamp
    constants = [*load_number(r3, low), vdup(q1, r3, 8), *load_number(r3, high), vdup(q2, r3, 8)]
    loop = [
        vldrb(q0, r0.post(16), "8"),
        vmax(q0, q0, q1, sign),
        vmin(q0, q0, q2, sign),
        vstrb(q0, r1.post(16), "8"),
    ]
    return unary_mve(op, "the function only limits the range, of 16 at once", constants, loop)
