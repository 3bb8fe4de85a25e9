"""Unary 8-bit operators: a table of 256 bytes, or nothing but comparisons where the function is a clamp."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core


class Elementwise(ClassKernel):
    """Kernels that read one element and write one element."""

    def layout(self, op: Any) -> Layout:
        return Layout((RowWindow(),), flat=op.output.elements, hold=0)

    def params(self, op: Any, units: int) -> dict[str, Any]:
        return {"count": units, "in_type": op.input.dtype.c, "out_type": op.output.dtype.c}


@class_kernel
class LookupTable(Elementwise):
    name = "te_lookup_8"
    ops = (Lookup,)
    why = "one table of all 256 results"
    template = "elementwise/lookup.c.j2"

    def tables(self, op: Lookup) -> tuple[Table, ...]:
        """The outputs in the order of the input's bit patterns 0..255."""
        shift = 128 if op.input.dtype.c == "int8_t" else 0
        return (Table("table", op.output.dtype.c, 256, lambda: np.roll(np.array(op.table), shift)),)


@class_kernel
class LookupClamp(Elementwise):
    name = "te_clamp_8"
    ops = (Lookup,)
    why = "the function only limits the range: no table"
    template = "elementwise/clamp.c.j2"
    rank = 1

    def rejects(self, op: Lookup, core: Core) -> str | None:
        return None if op.clamp else "the function is more than a clamp"

    def params(self, op: Lookup, units: int) -> dict[str, Any]:
        assert op.clamp
        return {**super().params(op, units), "low": op.clamp[0], "high": op.clamp[1]}


@class_kernel
class LookupFlip(Elementwise):
    name = "te_flip_sign_8"
    ops = (Lookup,)
    why = "int8 and uint8 of the same scale differ in one bit: no table"
    template = "elementwise/flip_sign.c.j2"
    rank = 1

    def rejects(self, op: Lookup, core: Core) -> str | None:
        return None if op.flips_sign_bit else "the function does more than to add or subtract 128"
