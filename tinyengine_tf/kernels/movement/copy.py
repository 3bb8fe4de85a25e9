"""Kernels that only move data: strided copies, concatenation, constants into the arena."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.concatenation import Concatenation
from tinyengine_tf.ops.known import Repeat
from tinyengine_tf.ops.load import Load
from tinyengine_tf.ops.rearrange import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from tinyengine_tf.ops.slice import Reverse, Slice, Split, Unpack
from tinyengine_tf.ops.strided_copy import Copy, StridedCopy
from tinyengine_tf.ops.strided_slice import StridedSlice
from tinyengine_tf.ops.transpose import Transpose
from tinyengine_tf.target import Core

STRIDED = (
    StridedCopy,
    Copy,
    Transpose,
    Slice,
    StridedSlice,
    Split,
    Unpack,
    Reverse,
    Repeat,
    SpaceToDepth,
    DepthToSpace,
    SpaceToBatch,
    BatchToSpace,
)


def constant_table(name: str, tensor: Tensor) -> Table:
    """A constant input as it is."""
    return Table(name, tensor.dtype.c, tensor.elements, lambda: tensor.values.reshape(-1))


def image_rows(tensor: Tensor) -> int | None:
    """Rows of all images of an NHWC tensor."""
    return tensor.shape[0] * tensor.shape[1] if len(tensor.shape) == 4 else None


def copy_params(op: StridedCopy, loops: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """The innermost loop is a run of elements; the others are around it."""
    *outer, (run, step) = loops or ((1, 1),)
    return {
        "ctype": op.output.dtype.c,
        "width": op.output.dtype.nbytes,
        "offset": op.offset,
        "outer": outer,
        "run": run,
        "step": step,
    }


@class_kernel
class CopyPortable(ClassKernel):
    name = "te_copy"
    ops = STRIDED
    why = "nested loops over runs"
    template = "movement/copy.c.j2"

    def layout(self, op: StridedCopy) -> Layout:
        return Layout(distances=(op.distance * op.output.dtype.nbytes,))

    def params(self, op: StridedCopy, units: int) -> dict[str, Any]:
        return copy_params(op, op.loops)


@class_kernel
class CopyChannels(ClassKernel):
    name = "te_copy_channels"
    ops = STRIDED
    why = "the same channels of every pixel"
    template = "movement/copy.c.j2"
    rank = 1

    def rejects(self, op: StridedCopy, core: Core) -> str | None:
        if len(op.loops) != 2 or op.loops[1][1] != 1 or op.loops[0][0] * op.loops[0][1] != op.input.elements:
            return "not the same channels of every pixel"
        rows = image_rows(op.output)
        if rows is None or rows != image_rows(op.input) or op.loops[0][0] % rows:
            return "input and output are not made of the same rows"
        return None

    def layout(self, op: StridedCopy) -> Layout:
        return Layout((RowWindow(),), flat=op.loops[0][0], hold=1, distances=(op.distance * op.output.dtype.nbytes,))

    def params(self, op: StridedCopy, units: int) -> dict[str, Any]:
        return copy_params(op, ((units, op.loops[0][1]), op.loops[1]))


@class_kernel
class LoadPortable(ClassKernel):
    name = "te_load"
    ops = (Load,)
    why = "a constant that an operator reads from the arena"
    template = "movement/load.c.j2"

    def tables(self, op: Load) -> tuple[Table, ...]:
        return (constant_table("constant", op.input),)

    def params(self, op: Load, units: int) -> dict[str, Any]:
        return {"ctype": op.output.dtype.c, "bytes": op.output.nbytes}


@class_kernel
class ConcatenationPortable(ClassKernel):
    name = "te_concatenation"
    ops = (Concatenation,)
    why = "each input's share in turn"
    template = "movement/concatenation.c.j2"

    def layout(self, op: Concatenation) -> Layout:
        width, unit = op.output.dtype.nbytes, sum(op.shares)
        ends = [sum(op.shares[:i]) for i in range(len(op.shares))]
        ahead = [end + (op.outer - 1) * (unit - share) for end, share in zip(ends, op.shares, strict=True)]
        distances = tuple(a * width for a, t in zip(ahead, op.inputs, strict=True) if t is not None and not t.const)
        rows = image_rows(op.output)
        by_rows = rows and op.outer % rows == 0 and all(image_rows(t) == rows for t in op.data_inputs)
        if not by_rows or len(op.data_inputs) != len(op.inputs):
            return Layout(distances=distances)
        return Layout((RowWindow(),) * len(distances), flat=op.outer, hold=1, distances=distances)

    def tables(self, op: Concatenation) -> tuple[Table, ...]:
        return tuple(constant_table(f"part{i}", t) for i, t in enumerate(op.inputs) if t is not None and t.const)

    def params(self, op: Concatenation, units: int) -> dict[str, Any]:
        parts, computed = [], 0
        for i, (t, share) in enumerate(zip(op.inputs, op.shares, strict=True)):
            assert t is not None
            parts.append({"name": f"part{i}" if t.const else f"in{computed}", "const": t.const, "share": share})
            computed += not t.const
        return {"ctype": op.output.dtype.c, "width": op.output.dtype.nbytes, "outer": units or op.outer, "parts": parts}
