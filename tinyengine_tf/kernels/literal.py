"""Numbers as C literals."""

from __future__ import annotations

import math

from tinyengine_tf.ir import DType


def c_float(value: float) -> str:
    """A float32 as a C constant that reads back exactly; infinities and NaN as divisions, for lack of math.h."""
    if not math.isfinite(value):
        return f"({'0' if math.isnan(value) else '-1' if value < 0 else '1'}.0f / 0.0f)"
    text = f"{value:.9g}"
    return (text if any(c in text for c in ".e") else text + ".0") + "f"


def c_integer(value: int) -> str:
    """An integer as a C constant; the lowest of a type has no literal of its own."""
    return f"{value + 1} - 1" if value in (-(2**31), -(2**63)) else str(value)


def literal(value: int | float, dtype: DType) -> str:
    """`value` as a C constant of the element type."""
    return c_float(float(value)) if dtype is DType.FLOAT32 else c_integer(int(value))


def c_text(text: str) -> str:
    """The inside of a string literal: names come from the model file, and are cut to 120 characters."""
    return "".join(c if c.isascii() and c.isprintable() and c not in '"\\?' else "_" for c in text)[:120]
