"""Numbers as C literals."""

from __future__ import annotations

from tinyengine_tf.ir import DType


def literal(value: int | float, dtype: DType) -> str:
    """`value` as a C constant of the element type; floats read back exactly."""
    if dtype is DType.FLOAT32:
        text = f"{float(value):.9g}"
        return (text if any(c in text for c in ".en") else text + ".0") + "f"
    lowest = value in (-(2**31), -(2**63))
    return f"{int(value) + 1} - 1" if lowest else str(int(value))
