"""What a kernel is: one way to compute one kind of operator, and what it needs for that.

A kernel is a Python class and a C template beside it. The class answers, from shapes alone:

    rejects()  why it cannot do an operator on a target (None: it can)
    layout()   how it reads and writes: row by row or all at once, and its scratch memory
    tables()   the constant arrays it reads, whose contents are built only when C is written
    params()   values for the template; everything that the compiler should see as a literal
    args()     arguments that differ between layers sharing one function

and `spends_flash` marks one that is faster than others for tables that are larger: it is used within a flash budget.

The generated function is called as

    fn(in0, in1, ..., out0, ..., [scratch,] [state,] tables in order, args in order)

where `inN` is a pointer to a row or a whole tensor, or, if its RowWindow is an `array`, an
array of row pointers. Row kernels may name `y` among args: the output row within its image (the input
row, if the kernel gathers). Where rows live (a full tensor, a ring, a constant row of padding) is not
the kernel's business: that is what lets one kernel serve per-layer and fused execution.

Kernels never use `restrict` on activations: the planner may let output overlap input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.target import Target

BYTES = {
    "int8_t": 1,
    "uint8_t": 1,
    "int16_t": 2,
    "uint16_t": 2,
    "int32_t": 4,
    "uint32_t": 4,
    "int64_t": 8,
    "float": 4,
}
"""Of the C types that tables may have."""


@dataclass(frozen=True)
class Table:
    """A constant array in flash. `build` returns it flat; it is called only to write C."""

    name: str
    ctype: str
    length: int
    build: Callable[[], np.ndarray]

    @property
    def nbytes(self) -> int:
        return self.length * BYTES[self.ctype]


@dataclass(frozen=True)
class RowWindow:
    """Which rows of an input one output row reads: y * stride - pad + dilation * i for i < size.

    fill    rows outside the image are a constant row of this value; None passes a null pointer.
    starts  instead of the formula, the first row for each output row (resizing).
    array   the kernel takes an array of row pointers; implied by several rows, for a kernel whose
            window may have one row or more.
    """

    size: int = 1
    stride: int = 1
    dilation: int = 1
    pad: int = 0
    fill: int | None = None
    starts: tuple[int, ...] | None = None
    array: bool = False

    @property
    def is_array(self) -> bool:
        return self.array or self.size > 1

    def first(self, y: int) -> int:
        return self.starts[y] if self.starts is not None else y * self.stride - self.pad

    def last(self, y: int) -> int:
        return self.first(y) + (self.size - 1) * self.dilation

    def leaves_image(self, rows: int, out_rows: int) -> bool:
        """Whether some output row reads outside the image."""
        return any(self.first(y) < 0 or self.last(y) >= rows for y in range(out_rows))


@dataclass(frozen=True)
class Layout:
    """How a kernel walks over its operator.

    windows        per data input, the rows it reads; None: the whole tensor at once.
                   `windows=None` altogether: a whole-tensor kernel, called once.
    flat           the number of units (pixels or elements) of the whole tensor, if rows may be joined
                   into longer ones: `params(op, units)` takes any count. 0: rows stay rows.
    hold           (flat) how many input units, up to the one being written, may still be read;
                   0 where a unit is read completely before it is written.
    gathers        one call per input row instead of per output row, in order; the output, a single row, is
                   written by the last call. For global pooling and means, fused or not.
    scratch_bytes  working memory while the kernel runs; its contents are lost between calls.
    state_bytes    working memory that lasts from the first row to the last, passed after the scratch.
    in_place       (whole) the output may lie exactly on the first data input, or share nothing with it.
    distances      (whole or flat, instead of what follows from the rest) per data input, the smallest legal
                   offset(input) - offset(output) in bytes when the two overlap; None: never.
                   max(t - source of t) over output elements t, for outputs written in ascending order.
    """

    windows: tuple[RowWindow | None, ...] | None = None
    flat: int = 0
    hold: int = 0
    gathers: bool = False
    scratch_bytes: int = 0
    state_bytes: int = 0
    in_place: bool = False
    distances: tuple[int | None, ...] | None = None


class Kernel:
    """Base class; subclasses are stateless and registered with @kernel."""

    name: ClassVar[str]
    ops: ClassVar[tuple[type[Op], ...]]
    why: ClassVar[str]
    template: ClassVar[str]
    isa: ClassVar[str] = "portable"
    rank: ClassVar[int] = 0
    needs: ClassVar[tuple[str, ...]] = ()
    spends_flash: ClassVar[bool] = False

    def rejects(self, op: Any, target: Target) -> str | None:
        return None

    def layout(self, op: Any) -> Layout:
        return Layout()

    def tables(self, op: Any) -> tuple[Table, ...]:
        return ()

    def params(self, op: Any, units: int) -> dict[str, Any]:
        raise NotImplementedError

    def args(self, op: Any) -> tuple[str, ...]:
        return ()


KERNELS: list[Kernel] = []


def kernel(cls: type[Kernel]) -> type[Kernel]:
    """Register a kernel class."""
    assert all(k.name != cls.name for k in KERNELS), cls.name
    KERNELS.append(cls())
    return cls


def rows_of(tensor: Tensor) -> int:
    """Rows of one image of an NHWC tensor."""
    return tensor.shape[1]


def row_elements(tensor: Tensor) -> int:
    """Elements of one row of an NHWC tensor."""
    return tensor.shape[2] * tensor.shape[3]
