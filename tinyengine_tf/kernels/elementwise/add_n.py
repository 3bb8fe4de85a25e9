"""ADD_N: any number of operands, of int8 requantised once per output element."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.broadcast import broadcast
from tinyengine_tf.kernels.reduction.running_sum import SUMMED, sum_params
from tinyengine_tf.ops.running_sum import AddN
from tinyengine_tf.target import Core


@kernel(AddN, types=SUMMED)
def te_add_n(op: AddN, core: Core) -> Lowered:
    """One requantisation per element."""
    return broadcast(op, "elementwise/add_n.c.j2", lambda: sum_params(op), ("requantize",))
