"""What a kernel is: one way to compute one kind of operator, as one function.

    @kernel(Conv2D, types=(S8,), isa="dsp", before=("te_conv2d_s8_block",))
    def te_conv2d_s8_dsp(op: Conv2D, core: Core) -> Lowered | Because:
        'Core has DSP: 2 filters x 3 pixels with SMLAD.'

The function's name is the kernel's, its docstring's first line the reason that `explain` gives. It is called once per
layer and answers Because(a sentence) where it does not apply, else all that others ask, in one frozen value:

    Lowered.layout   how it reads and writes: row by row or all at once, and its scratch memory
    Lowered.tables   the constant arrays it reads, whose contents are built only when C is written
    Lowered.code     the C template, and its values: everything that the compiler should see as a literal
    Lowered.args     arguments that differ between layers sharing one function

`before` names the kernels it is preferred to where both apply; `spends_flash` marks one that is faster than others for
tables that are larger: it is used within a flash budget. So is one that widens the operator's weights.

The generated function is called as

    fn(in0, in1, ..., out0, ..., [scratch,] [state,] tables in order, args in order)

where `inN` is a pointer to a row or a whole tensor, or, if its RowWindow is an `array`, an
array of row pointers. Row kernels may have ROW among args: the output row within its image (the input
row, if the kernel gathers). Where rows live (a full tensor, a ring, a constant row of padding) is not
the kernel's business: that is what lets one kernel serve per-layer and fused execution.

Kernels never use `restrict` on activations: the planner may let output overlap input.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.target import Core

Array = np.ndarray[Any, Any]

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
    build: Callable[[], Array]

    @staticmethod
    def of(name: str, tensor: Tensor) -> Table:
        """A constant tensor as it is."""
        return Table(name, tensor.dtype.c, tensor.elements, lambda: tensor.values.reshape(-1))

    @staticmethod
    def of_places(name: str, places: Sequence[int]) -> Table:
        """Places in a tensor (rows, columns, offsets), as narrow as holds all: templates take the type from here."""
        ctype = "int16_t" if -(2**15) <= min(places) and max(places) < 2**15 else "int32_t"
        return Table(name, ctype, len(places), lambda: np.asarray(places))

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


@dataclass(frozen=True)
class Because:
    """Why a kernel does not apply, as a sentence without a full stop."""

    reason: str


class Run(enum.Enum):
    """Arguments that only the layer's function knows when it runs."""

    ROW = "y"


ROW = Run.ROW
"""The output row within its image; the input row, if the kernel gathers."""

Arg = int | Run
"""An argument of a kernel's function: a number known now, or one known when the layer runs."""


@dataclass(frozen=True, eq=False)
class Code:
    """A kernel's C: a template, the small functions in kernels/c that it calls, and what it is rendered with.

    params   asked with the units of a row for flat kernels (see Layout.flat), with 0 for others; only to write C
    """

    template: str
    params: Callable[[int], Mapping[str, Any]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Lowered:
    """An operator as one kernel computes it: all that scheduling, planning and code generation ask."""

    code: Code
    layout: Layout = Layout()
    tables: tuple[Table, ...] = ()
    args: tuple[Arg, ...] = ()

    @property
    def working_bytes(self) -> int:
        """Memory it takes besides inputs and outputs."""
        return self.layout.scratch_bytes + self.layout.state_bytes


Lower = Callable[[Any, Core], Lowered | Because]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A registered kernel: the function that lowers operators, and what is said beside it.

    types    alternatives; an operator must be of one of them
    isa      the instructions it needs (target.ISAS)
    before   names of the kernels that it is preferred to
    why      when it is a good choice, for `explain`
    """

    name: str
    ops: tuple[type[Op], ...]
    types: tuple[Types, ...]
    isa: str
    before: tuple[str, ...]
    spends_flash: bool
    why: str
    lower: Lower

    def refusal(self, op: Op, core: Core) -> str | None:
        """Why it is not even asked: the core's instructions or the operator's types."""
        if not core.has(self.isa):
            return f"{core.name} has no {self.isa} instructions"
        refusals = [types.refusal(op) for types in self.types]
        return None if None in refusals else refusals[0]

    def spends_on(self, op: Op) -> bool:
        """Whether its tables for an operator whose types it accepts are larger than they need be."""
        return self.spends_flash or all(types.widens(op) for types in self.types if types.refusal(op) is None)


KERNELS: dict[str, Kernel] = {}
"""All kernels by name; filled while the package is imported, and never after."""


def kernel(
    *ops: type[Op],
    types: tuple[Types, ...],
    isa: str = "portable",
    before: tuple[str, ...] = (),
    spends_flash: bool = False,
) -> Callable[[Lower], Lower]:
    """Register the function below as a kernel for these operators."""

    def register(lower: Lower) -> Lower:
        why = (lower.__doc__ or "").strip().splitlines()[0].rstrip(".")
        add(Kernel(lower.__name__, ops, types, isa, before, spends_flash, why, lower))
        return lower

    return register


def add(found: Kernel) -> None:
    assert found.name not in KERNELS, found.name
    KERNELS[found.name] = found


def rows_of(tensor: Tensor) -> int:
    """Rows of one image of an NHWC tensor."""
    return tensor.shape[1]


def image_rows(tensor: Tensor) -> int | None:
    """Rows of all images of an NHWC tensor; None: it has another shape."""
    return tensor.shape[0] * tensor.shape[1] if len(tensor.shape) == 4 else None


def row_elements(tensor: Tensor) -> int:
    """Elements of one row of an NHWC tensor."""
    return tensor.shape[2] * tensor.shape[3]
