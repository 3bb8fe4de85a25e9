"""What bringing a wide result to int8 takes beyond a multiplication: a share of an operator's work."""

from __future__ import annotations

from tinyengine_tf.ir import Tensor


def narrowing(output: Tensor, clamp: tuple[int, int], own_shifts: bool = False) -> dict[str, float]:
    """Outputs that may be below the zero point, that are limited at an end, whose channels have shifts of their own."""
    if output.quant is None:
        return {}
    out, (low, high) = float(output.elements), clamp
    found = {
        "out.sign": out * (low < output.zero_point),
        "out.limit": out * ((low > -128) + (high < 127)),
        "out.shift": out * own_shifts,
    }
    return {name: count for name, count in found.items() if count}
