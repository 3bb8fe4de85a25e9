"""Elementwise operators of two operands: as few nested loops as the broadcast needs, constants as literals."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Kernel, Layout, RowWindow, Table, kernel
from tinyengine_tf.ops.binary import HEADROOM_BITS, Binary
from tinyengine_tf.target import Target


def is_flat(op: Binary) -> bool:
    """Whether the outer loop's steps are units that may be done in any number: constants must not advance with it."""
    return len(op.loops) <= 2 and not any(t is not None and t.const and s for t, s in zip(op.inputs, op.loops[0].strides, strict=True))


class BinaryLoops(Kernel):
    """Up to two loops make a flat kernel whose units are the outer loop's steps; otherwise it takes whole tensors.

    An operand that repeats inside a unit is read before the unit is written, and one that does not is read element
    by element just before the output element, so that the output may lie on an operand of its own size.
    """

    ops = (Binary,)
    template = "binary.c.j2"

    def layout(self, op: Binary) -> Layout:
        loops = op.loops
        strides = [s for t, s in zip(op.inputs, loops[0].strides, strict=True) if t is not None and not t.const]
        if is_flat(op):
            return Layout(tuple(RowWindow() if s else None for s in strides), flat=loops[0].count, hold=0)
        return Layout(in_place=bool(op.data_inputs) and op.data_inputs[0].elements == op.output.elements)

    def tables(self, op: Binary) -> tuple[Table, ...]:
        def table(name: str, t: Any) -> Table:
            return Table(name, t.dtype.c, t.elements, lambda: t.values.reshape(-1))

        return tuple(table(name, t) for name, t in zip("ab", op.inputs, strict=True) if t is not None and t.const)

    def params(self, op: Binary, units: int) -> dict[str, Any]:
        loops = op.loops
        named = list(zip("ab", (op.a, op.b), strict=True))
        constants = [name for name, t in named if t.const]
        info = np.iinfo(op.dtype.numpy)
        return {
            "function": op.function, "type": op.dtype.c, "arithmetic": op.needs_scales,
            "counts": [units if is_flat(op) and i == 0 else loop.count for i, loop in enumerate(loops)],
            "operands": [{"name": name, "strides": [loop.strides[k] for loop in loops],
                          "depth": max((i for i, loop in enumerate(loops) if loop.strides[k]), default=0)}
                         for k, name in enumerate("ab")],
            "pointers": [name for name, t in named if not t.const], "constants": constants,
            "zeros": [t.zero_point if op.needs_scales else 0 for t in (op.a, op.b, op.output)],
            "multipliers": op.multipliers if op.needs_scales else (), "headroom": HEADROOM_BITS,
            "clamp": None if op.clamp == (info.min, info.max) and not op.needs_scales else op.clamp,
        }


@kernel
class BinaryArithmetic(BinaryLoops):
    name = "te_binary_s8"
    why = "requantisation with literal multipliers"
    needs = ("requantize",)

    def rejects(self, op: Binary, target: Target) -> str | None:
        return None if op.needs_scales else "nothing is requantised"


@kernel
class BinaryPlain(BinaryLoops):
    name = "te_binary"
    why = "no requantisation"

    def rejects(self, op: Binary, target: Target) -> str | None:
        return "operands and output have different scales" if op.needs_scales else None
