"""ADD, SUB and MUL of int8 tensors on Armv6-M, whose products have 32 bits."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.binary_short import binary_short
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Core


@kernel(Binary, types=(S8,), before=("te_binary_s8_short",))
def te_binary_s8_thumb1(op: Binary, core: Core) -> Lowered | Because:
    """Armv6-M: products of 32 bits only, proven equal to TFLM for all pairs of operands."""
    return binary_short(op, "short_requantize_thumb1") if core.is_thumb1 else Because("the core is not Armv6-M")
