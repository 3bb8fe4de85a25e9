"""What elementwise kernels of several operands share: as few nested loops as the broadcast needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tinyengine_tf.ir import DType, Tensor
from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, Table
from tinyengine_tf.ops.broadcast import Loop, read_depth

NAMES = "abcdefghijklmnop"
"""Of the operands, in C."""


class Elementwise(Protocol):
    """An operator of operands that broadcast; any of them may be constant."""

    @property
    def inputs(self) -> tuple[Tensor | None, ...]: ...

    @property
    def output(self) -> Tensor: ...

    @property
    def loops(self) -> tuple[Loop, ...]: ...


def operands(op: Elementwise) -> list[tuple[str, Tensor]]:
    return [(name, t) for name, t in zip(NAMES, op.inputs, strict=False) if t is not None]


def is_flat(op: Elementwise) -> bool:
    """Whether the outer loop's steps are units that may be done in any number: constants must not advance with it."""
    moving = zip(operands(op), op.loops[0].strides, strict=True)
    return len(op.loops) <= 2 and not any(t.const and stride for (_, t), stride in moving)


def operand_distance(op: Elementwise, operand: int) -> int:
    """The most elements by which the output being written is ahead of the operand being read."""
    distance, inside = 0, op.output.elements
    for loop in op.loops[: read_depth(op.loops, operand) + 1]:
        inside //= loop.count
        distance += (loop.count - 1) * (inside - loop.strides[operand])
    return distance


def loop_counts(op: Elementwise, units: int) -> list[int]:
    """Steps of every loop for `units` output elements."""
    inner = math.prod(loop.count for loop in op.loops[1:])
    return [units // inner if is_flat(op) and i == 0 else loop.count for i, loop in enumerate(op.loops)]


def broadcast(
    op: Elementwise, template: str, further: Callable[[], Mapping[str, Any]] = dict, needs: tuple[str, ...] = ()
) -> Lowered:
    """A kernel of as few nested loops as the broadcast needs; `further` makes what the template asks beyond the loops.

    Up to two loops make a flat kernel of single elements, done in multiples of the inner loop's count; otherwise
    it takes whole tensors. Every operand's element is read just before the first output element that needs it is
    written, and outputs are written in ascending order: the output may lie on an operand of its own size.
    """
    tables = tuple(Table.of(name, t) for name, t in operands(op) if t.const)
    return Lowered(
        Code(template, lambda units: {**loop_params(op, units), **further()}, needs), broadcast_layout(op), tables
    )


def broadcast_layout(op: Elementwise) -> Layout:
    out = op.output.dtype
    at_run_time = [(k, t) for k, (_, t) in enumerate(operands(op)) if not t.const]
    distances = tuple(
        operand_distance(op, k) * out.nbytes if t.dtype.nbytes == out.nbytes else None for k, t in at_run_time
    )
    if not is_flat(op):
        return Layout(distances=distances)
    windows = tuple(RowWindow() if op.loops[0].strides[k] else None for k, _ in at_run_time)
    return Layout(windows, flat=op.output.elements, hold=0, distances=distances)


def loop_params(op: Elementwise, units: int) -> dict[str, Any]:
    """What broadcast.j2 asks."""
    named = operands(op)
    return {
        "counts": loop_counts(op, units),
        "operands": [
            {
                "name": name,
                "value_type": "float" if t.dtype is DType.FLOAT32 else "int32_t",
                "strides": [loop.strides[k] for loop in op.loops],
                "depth": read_depth(op.loops, k),
            }
            for k, (name, t) in enumerate(named)
        ],
        "pointers": [(name, t.dtype.c) for name, t in named if not t.const],
        "constants": [(name, t.dtype.c) for name, t in named if t.const],
        "out_type": op.output.dtype.c,
    }
