"""Between int8 and uint8 of the same scale: one bit."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.byte_tables import BYTES
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core

MORE_THAN_A_FLIP = Because("the function does more than to add or subtract 128")


@kernel(Lookup, types=(BYTES,), before=("te_lookup_8",))
def te_flip_sign_8(op: Lookup, core: Core) -> Lowered | Because:
    """int8 and uint8 of the same scale differ in one bit: no table."""
    return unary(op, "elementwise/flip_sign.c.j2") if op.flips_sign_bit else MORE_THAN_A_FLIP
