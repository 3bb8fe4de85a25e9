"""Between int8 and uint8 of the same scale, with Helium: one bit."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.byte_tables import BYTES
from tinyengine_tf.kernels.elementwise.flip_sign import MORE_THAN_A_FLIP
from tinyengine_tf.kernels.elementwise.unary_mve import unary_mve
from tinyengine_tf.machine.helium import vdup, veor, vldrb, vstrb
from tinyengine_tf.machine.registers import q0, q1, r0, r1, r3
from tinyengine_tf.machine.thumb2 import mov
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core


@kernel(Lookup, types=(BYTES,), isa="mve", before=("te_lookup_8_mve",))
def te_flip_sign_8_mve(op: Lookup, core: Core) -> Lowered | Because:
    """int8 and uint8 of the same scale differ in one bit, of 16 at once."""
    if not op.flips_sign_bit:
        return MORE_THAN_A_FLIP
    what = "int8 and uint8 of the same scale differ in one bit, of 16 at once"
    loop = [vldrb(q0, r0.post(16), "8"), veor(q0, q0, q1), vstrb(q0, r1.post(16), "8")]
    return unary_mve(op, what, [mov(r3, 128), vdup(q1, r3, 8)], loop)
