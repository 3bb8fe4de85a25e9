"""The values of scheduling: a Step is what runs as a unit, a Schedule is all steps in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.schedule.distance import Distance
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.target import Target


@dataclass(frozen=True, eq=False)
class Ring:
    """Where the rows of a tensor inside a pipeline lie: row y at offset_bytes + (y % places) * pitch_bytes in a ring.

    rows     how many rows are kept at a time
    owner    the tensor whose ring it is: the tensor itself, or the one that the only reader of its only row makes
             from it, row by row in place; then the row lies in the place that the reader will fill
    places   rows that fit the ring; pitch_bytes from one to the next
    """

    rows: int
    owner: Tensor
    places: int
    pitch_bytes: int
    offset_bytes: int = 0


@dataclass(frozen=True, eq=False)
class Part:
    """A tensor that is some columns of `whole`, from `column` on: its rows lie as far apart as those of `whole`."""

    whole: Tensor
    column: int

    @property
    def offset_bytes(self) -> int:
        """Where its first row begins in `whole`."""
        return self.column * self.whole.shape[3] * self.whole.dtype.nbytes


@dataclass(frozen=True, eq=False)
class Step:
    """One layer over whole tensors, or several fused into a row pipeline.

    rings       tensors inside the pipeline -> where their rows are kept
    fed         the graph input that arrives row by row through a ring, or None
    distances   inputs of the step -> legal offset(input) - offset(output) if they overlap; missing: they must not
    parts       (of a strip) tensors that are some columns of others: of the image, of a ring's, of the stage's output
    """

    layers: tuple[Layer, ...]
    rings: Mapping[Tensor, Ring] = field(default_factory=dict)
    distances: Mapping[Tensor, Distance] = field(default_factory=dict)
    fed: Tensor | None = None
    parts: Mapping[Tensor, Part] = field(default_factory=dict)

    @property
    def fused(self) -> bool:
        """Whether rows of several layers, or of a fed input and a layer, take turns."""
        return len(self.layers) > 1 or self.fed is not None

    @property
    def label(self) -> str:
        return self.layers[0].label + (f"_{self.layers[-1].label}" if len(self.layers) > 1 else "")

    @property
    def scratch_bytes(self) -> int:
        """Working memory of the kernels, which never run at the same time."""
        return max(layer.layout.scratch_bytes for layer in self.layers)

    @property
    def instructions(self) -> float:
        """Predicted for one inference."""
        return sum(map(self.instructions_of, self.layers))

    def instructions_of(self, layer: Layer) -> float:
        """Predicted for one of its layers."""
        return layer.instructions_by_rows if self.fused else layer.instructions

    @property
    def cycles(self) -> float | None:
        """Estimated for one inference, None for cores without documented timings."""
        each = [x.cycles_per_instruction for x in self.layers]
        spent = map(self.instructions_of, self.layers)
        return None if None in each else sum(n * (c or 0.0) for n, c in zip(spent, each, strict=True))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Tensors that are whole after the step."""
        return tuple(t for layer in self.layers for t in layer.op.outputs if t not in self.rings)

    def ring_bytes(self, tensor: Tensor) -> int:
        """Memory of a tensor's ring; 0 if its row lies in another's."""
        ring = self.rings[tensor]
        return ring.places * ring.pitch_bytes if ring.owner is tensor else 0


@dataclass(frozen=True, eq=False)
class Schedule:
    """The order of work, and which tensors share bytes.

    storage   tensor -> (tensor that owns the memory, offset in bytes); tensors that are missing own theirs.
    image     the graph input that stays where the caller has it, outside the arena, or None
    """

    graph: Graph
    target: Target
    steps: tuple[Step, ...]
    storage: Mapping[Tensor, tuple[Tensor, int]] = field(default_factory=dict)
    image: Tensor | None = None

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(layer for step in self.steps for layer in step.layers)

    @cached_property
    def constant_bytes(self) -> Mapping[int, int]:
        """Index of a layer -> bytes of its constants, which its strips share."""
        return {layer.index: layer.table_bytes for layer in self.layers}

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, those of the halos of strips included."""
        return sum(layer.op.macs for layer in self.layers)

    @property
    def instructions(self) -> int:
        """Predicted for one inference: what QEMU would count, not cycles."""
        return round(sum(step.instructions for step in self.steps))

    @property
    def guessed(self) -> tuple[Layer, ...]:
        """Layers whose predicted instructions are a guess: nobody has measured their kernel on the core."""
        return tuple(layer for layer in self.layers if not layer.prediction.measured)

    @property
    def guessed_instructions(self) -> int:
        """How many of the predicted instructions are a guess."""
        spent = (step.instructions_of(x) for step in self.steps for x in step.layers if not x.prediction.measured)
        return round(sum(spent))

    @property
    def cycles(self) -> int | None:
        """Estimated for one inference from documented timings (see cost); None for cores without any."""
        cycles = [step.cycles for step in self.steps]
        known = [c for c in cycles if c is not None]
        return round(sum(known)) if len(known) == len(cycles) else None

    @property
    def energy_uj(self) -> float | None:
        """Estimated microjoules of one inference: cycles times the board's documented mW/MHz, which are nJ a cycle."""
        power = self.target.mw_per_mhz
        return None if power is None or self.cycles is None else self.cycles * power / 1000

    @property
    def fed(self) -> Tensor | None:
        """The graph input that arrives row by row."""
        return self.steps[0].fed if self.steps else None

    @property
    def strips(self) -> int:
        """In how many strips of columns the first layers run; 0: they are not divided."""
        return sum(step.layers[0].strip is not None for step in self.steps)

    def owner(self, tensor: Tensor) -> tuple[Tensor, int]:
        return self.storage.get(tensor, (tensor, 0))

    def outside(self, tensor: Tensor) -> bool:
        """Whether a tensor is (a part of) the image that lies outside the arena."""
        return self.image is not None and self.owner(tensor)[0] is self.image
