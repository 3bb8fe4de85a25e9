"""What bringing a wide result to the output's type takes beyond a multiplication: a share of an operator's work."""

from __future__ import annotations

from tinyengine_tf.ir import Tensor
from tinyengine_tf.ops.base import whole_range


def narrowing(output: Tensor, clamp: tuple[int, int], own_shifts: bool = False) -> dict[str, float]:
    """Outputs that may be below the zero point, that are limited at an end, whose channels have shifts of their own."""
    if output.quant is None:
        return {}
    out, (low, high), (least, most) = float(output.elements), clamp, whole_range(output)
    found = {
        "out.sign": out * (low < output.zero_point),
        "out.limit": out * ((low > least) + (high < most)),
        "out.shift": out * own_shifts,
    }
    return {name: count for name, count in found.items() if count}
