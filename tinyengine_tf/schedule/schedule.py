"""Graph, Target -> Schedule: which kernel runs each layer, in which order, and why.

A Layer is one operator with its kernel. A Step is what runs as a unit: one layer over whole
tensors, or (fused) several layers row by row. Reshapes are no layers: their output is
another name for their input's storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.kernels.base import Kernel, Layout, Table
from tinyengine_tf.kernels.select import select
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.target import Target


@dataclass(frozen=True, eq=False)
class Layer:
    """One operator and how it is computed. `index` gives its name everywhere: L00, L01, ..."""

    index: int
    op: Op
    kernel: Kernel
    layout: Layout
    rejected: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        return f"L{self.index:02d}"

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        return self.kernel.tables(self.op)

    @property
    def table_bytes(self) -> int:
        return sum(t.nbytes for t in self.tables)


@dataclass(frozen=True, eq=False)
class Step:
    """Layers that run as one unit."""

    layers: tuple[Layer, ...]


@dataclass(frozen=True, eq=False)
class Schedule:
    """The order of work, and where each tensor's bytes are.

    storage   tensor -> (tensor that owns the memory, offset in bytes); owners map to themselves.
    """

    graph: Graph
    target: Target
    steps: tuple[Step, ...]
    storage: Mapping[Tensor, tuple[Tensor, int]] = field(default_factory=dict)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(layer for step in self.steps for layer in step.layers)

    def owner(self, tensor: Tensor) -> tuple[Tensor, int]:
        return self.storage.get(tensor, (tensor, 0))


def build(graph: Graph, target: Target) -> Schedule:
    """Choose a kernel for every operator, layer by layer.

    Raises UnsupportedError naming every operator for which the target has no kernel.
    """
    storage: dict[Tensor, tuple[Tensor, int]] = {}
    steps: list[Step] = []
    for op in graph.ops:
        if isinstance(op, Reshape):
            storage[op.output] = storage.get(op.input, (op.input, 0))
            continue
        choice = select(op, target)
        layer = Layer(len(steps), op, choice.kernel, choice.kernel.layout(op), choice.rejected)
        steps.append(Step((layer,)))
    return Schedule(graph, target, tuple(steps), storage)
