"""Unary 8-bit operators that only limit the range: comparisons instead of a table."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.byte_tables import BYTES
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core

MORE_THAN_A_CLAMP = Because("the function is more than a clamp")


@kernel(Lookup, types=(BYTES,), before=("te_flip_sign_8",))
def te_clamp_8(op: Lookup, core: Core) -> Lowered | Because:
    """The function only limits the range: no table."""
    if not op.clamp:
        return MORE_THAN_A_CLAMP
    return unary(op, "elementwise/clamp.c.j2", {"low": op.clamp[0], "high": op.clamp[1]})
