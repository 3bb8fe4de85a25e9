"""Unary 8-bit operators by a table of 256 bytes."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.byte_tables import BYTES, byte_table
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core


@kernel(Lookup, types=(BYTES,))
def te_lookup_8(op: Lookup, core: Core) -> Lowered:
    """One table of all 256 results."""
    return unary(op, "elementwise/lookup.c.j2", tables=(byte_table(op),))
