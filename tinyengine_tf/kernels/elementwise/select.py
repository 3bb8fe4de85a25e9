"""SELECT and SELECT_V2: elementwise, with as few nested loops as the broadcast needs."""

from __future__ import annotations

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.broadcast import broadcast
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.select import TYPES, Select
from tinyengine_tf.target import Core


@kernel(Select, types=(Types(data=(DType.BOOL, *TYPES), out=TYPES),))
def te_select(op: Select, core: Core) -> Lowered:
    """Portable C, values as they are stored."""
    return broadcast(op, "elementwise/select.c.j2")
