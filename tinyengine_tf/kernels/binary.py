"""Elementwise operators of two operands: as few nested loops as the broadcast needs, constants as literals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Kernel, Layout, RowWindow, Table, kernel
from tinyengine_tf.kernels.literal import literal
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Target


def is_flat(op: Binary) -> bool:
    """Whether the outer loop's steps are units that may be done in any number: constants must not advance with it."""
    return len(op.loops) <= 2 and not any(
        t is not None and t.const and s for t, s in zip(op.inputs, op.loops[0].strides, strict=True)
    )


def limits_nothing(op: Binary) -> bool:
    """Whether no result of the operation lies outside the clamp."""
    if op.dtype is DType.FLOAT32:
        return math.isinf(op.clamp[1])
    info = np.iinfo(op.dtype.numpy)
    return op.clamp == (info.min, info.max) and not op.needs_scales


def read_depth(op: Binary, operand: int) -> int:
    """The loop inside which an operand's element is read: the innermost that advances it."""
    return max((i for i, loop in enumerate(op.loops) if loop.strides[operand]), default=0)


def operand_distance(op: Binary, operand: int) -> int:
    """The most elements by which the output being written is ahead of the operand being read."""
    distance, inside = 0, op.output.elements
    for loop in op.loops[: read_depth(op, operand) + 1]:
        inside //= loop.count
        distance += (loop.count - 1) * (inside - loop.strides[operand])
    return distance


class BinaryLoops(Kernel):
    """Up to two loops make a flat kernel of single elements, done in multiples of the inner loop's count; otherwise
    it takes whole tensors.

    Every operand's element is read just before the first output element that needs it is written, and outputs are
    written in ascending order: the output may lie on an operand of its own size.
    """

    ops = (Binary,)
    template = "binary.c.j2"

    def layout(self, op: Binary) -> Layout:
        at_run_time = [k for k, t in enumerate(op.inputs) if t is not None and not t.const]
        distances = tuple(operand_distance(op, k) * op.dtype.nbytes for k in at_run_time)
        if not is_flat(op):
            return Layout(distances=distances)
        windows = tuple(RowWindow() if op.loops[0].strides[k] else None for k in at_run_time)
        return Layout(windows, flat=op.output.elements, hold=0, distances=distances)

    def tables(self, op: Binary) -> tuple[Table, ...]:
        def table(name: str, t: Any) -> Table:
            return Table(name, t.dtype.c, t.elements, lambda: t.values.reshape(-1))

        return tuple(table(name, t) for name, t in zip("ab", op.inputs, strict=True) if t is not None and t.const)

    def params(self, op: Binary, units: int) -> dict[str, Any]:
        loops, inner = op.loops, math.prod(loop.count for loop in op.loops[1:])
        named = list(zip("ab", (op.a, op.b), strict=True))
        constants = [name for name, t in named if t.const]
        return {
            "function": op.function,
            "type": op.dtype.c,
            "value_type": "float" if op.dtype is DType.FLOAT32 else "int32_t",
            "arithmetic": op.needs_scales,
            "counts": [units // inner if is_flat(op) and i == 0 else loop.count for i, loop in enumerate(loops)],
            "operands": [
                {"name": name, "strides": [loop.strides[k] for loop in loops], "depth": read_depth(op, k)}
                for k, name in enumerate("ab")
            ],
            "pointers": [name for name, t in named if not t.const],
            "constants": constants,
            "zeros": [t.zero_point if op.needs_scales else 0 for t in (op.a, op.b, op.output)],
            "multipliers": op.multipliers if op.needs_scales else (),
            "headroom": op.headroom_bits,
            "clamp": None if limits_nothing(op) else [literal(end, op.dtype) for end in op.clamp],
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
