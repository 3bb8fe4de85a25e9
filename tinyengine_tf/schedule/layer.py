"""A Layer: one operator with the kernel that computes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tinyengine_tf.cost.prediction import Prediction, predict
from tinyengine_tf.cost.table import cost_table
from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import Kernel, Layout, Lowered, Table, rows_of
from tinyengine_tf.target import Core


@dataclass(frozen=True, eq=False)
class Layer:
    """One operator and how it is computed. `index` gives its name everywhere: L00, L01, ...

    lowered   what the kernel makes of the operator
    rejected  (name, reason) of each kernel passed over
    strip     which columns of the operator it computes, counted from the left: L00s0, L00s1, ... (see schedule.strips)
    """

    index: int
    op: Op
    kernel: Kernel
    lowered: Lowered
    core: Core
    rejected: tuple[tuple[str, str], ...] = ()
    strip: int | None = None

    @property
    def label(self) -> str:
        return f"L{self.index:02d}" + ("" if self.strip is None else f"s{self.strip}")

    @property
    def layout(self) -> Layout:
        return self.lowered.layout

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.lowered.tables

    @cached_property
    def table_bytes(self) -> int:
        return sum(t.nbytes for t in self.tables)

    @property
    def calls(self) -> int:
        """Calls of a row kernel for one image: its output rows, or its input's where it gathers."""
        return rows_of(self.op.input if self.layout.gathers else self.op.output)

    @cached_property
    def prediction(self) -> Prediction:
        """Of its instructions over whole tensors."""
        by_rows = self.layout.windows is not None and not self.layout.flat
        calls = self.op.output.shape[0] * self.calls if by_rows else 1
        return predict(self.core.name, self.kernel.name, self.op, calls)

    @property
    def instructions(self) -> float:
        """Predicted, over whole tensors."""
        return self.prediction.instructions

    @property
    def cycles_per_instruction(self) -> float | None:
        """Estimated; None for cores without documented timings."""
        return cost_table(self.core.name).cycles_per_instruction(self.kernel.name)

    @cached_property
    def instructions_by_rows(self) -> float:
        """Predicted, as part of a row pipeline: a row's call, pointers and loop tests included."""
        return predict(self.core.name, self.kernel.name, self.op, self.calls, self.calls).instructions
