"""Unary 8-bit operators by a table of 256 bytes, with Helium."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.byte_tables import BYTES, byte_table
from tinyengine_tf.kernels.elementwise.unary_mve import unary_mve
from tinyengine_tf.machine.helium import vldrb, vstrb
from tinyengine_tf.machine.registers import q0, q1, r0, r1, r2
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core


@kernel(Lookup, types=(BYTES,), isa="mve", before=("te_clamp_8",))
def te_lookup_8_mve(op: Lookup, core: Core) -> Lowered:
    """16 look-ups at once in a table of all 256 results."""
    loop = [vldrb(q0, r0.post(16), "8"), vldrb(q1, r2[q0], "u8"), vstrb(q1, r1.post(16), "8")]
    return unary_mve(op, "16 look-ups at once in a table of all 256 results", [], loop, tables=(byte_table(op),))
