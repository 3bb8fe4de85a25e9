"""A search space: which architectures exist, how to draw, mutate and cross them.

A `Layout` describes what they share (stages, strides, base widths); `Layout.space(width, resolution)`
fixes width multiplier and input size and gives a `Space`, whose members differ in

    depth       blocks per stage
    kernel      of each depthwise convolution
    expansion   of each block

Genes live in an Arch itself: equal networks are equal values, however they came about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from nas_keras.families import space
from nas_keras.families.mbconv.arch import Arch, Block, Stem, round_channels
from nas_keras.families.space import HW
from tinyengine_tf.errors import UsageError

PUBLISHED_WIDTHS = tuple(round(0.1 * i, 1) for i in range(2, 11))
PUBLISHED_RESOLUTIONS = tuple(range(48, 225, 16))


@dataclass(frozen=True)
class Stage:
    """Blocks of equal width; the first carries the stride. `width` counts channels before the multiplier."""

    width: int
    stride: int
    depths: tuple[int, ...]


@dataclass(frozen=True)
class Layout(space.Layout):
    """A set of spaces over inputs of `channels` channels.

    first_width   output channels of the fixed first block (no expansion, 3x3, stride 1).
    divisor       channel counts are rounded to its multiples (`round_channels`).
    """

    family: ClassVar[str] = "mbconv"

    channels: int
    classes: int
    stem_width: int = 32
    stem_kernel: HW = (3, 3)
    stem_stride: HW = (2, 2)
    first_width: int = 16
    stages: tuple[Stage, ...] = (
        Stage(24, 2, (2, 3, 4)),
        Stage(40, 2, (2, 3, 4)),
        Stage(80, 2, (2, 3, 4)),
        Stage(96, 1, (2, 3, 4)),
        Stage(192, 2, (2, 3, 4)),
        Stage(320, 1, (1,)),
    )
    kernels: tuple[int, ...] = (3, 5, 7)
    expansions: tuple[int, ...] = (3, 4, 6)
    divisor: int = 8

    def space(self, width: float, resolution: HW) -> Space:
        """The space at one width multiplier and one input size (rows, columns)."""
        return Space(self, width, resolution)


@dataclass(frozen=True)
class Gene:
    """Choices of one stage: its depth, then kernel and expansion of each of its blocks."""

    kernels: tuple[int, ...]
    expansions: tuple[int, ...]


@dataclass(frozen=True)
class Space(space.Space):
    """All architectures of a layout at one width multiplier and one input size (rows, columns)."""

    layout: Layout
    width: float
    resolution: HW

    @cached_property
    def stem(self) -> Stem:
        layout = self.layout
        kernel = reachable(layout.stem_kernel, self.resolution)
        return Stem(kernel, layout.stem_stride, self.channels(layout.stem_width))

    def channels(self, base: float) -> int:
        return round_channels(base * self.width, self.layout.divisor)

    @cached_property
    def stage_in_hw(self) -> tuple[HW, ...]:
        """Rows and columns that enter each stage; one more entry, the last, for what leaves."""
        (rows, columns), (down, across) = self.resolution, self.layout.stem_stride
        sizes = [(math.ceil(rows / down), math.ceil(columns / across))]
        for stage in self.layout.stages:
            sizes.append((math.ceil(sizes[-1][0] / stage.stride), math.ceil(sizes[-1][1] / stage.stride)))
        return tuple(sizes)

    @cached_property
    def stage_channels(self) -> tuple[int, ...]:
        """Output channels of the first block, then of each stage."""
        return (self.channels(self.layout.first_width), *(self.channels(s.width) for s in self.layout.stages))

    @cached_property
    def size(self) -> int:
        """How many architectures there are, equal ones counted as often as they can be written."""
        per_block = len(self.layout.kernels) * len(self.layout.expansions)
        return math.prod(sum(per_block**d for d in stage.depths) for stage in self.layout.stages)

    def sample(self, rng: np.random.Generator) -> Arch:
        """A member drawn uniformly over every choice."""
        return self.build(tuple(self._sample_stage(stage, rng) for stage in self.layout.stages))

    def largest(self) -> Arch:
        """Every choice at its maximum."""
        return self._uniform(max)

    def smallest(self) -> Arch:
        return self._uniform(min)

    def mutate(self, arch: Arch, rng: np.random.Generator, probability: float) -> Arch:
        """Redraw each gene (depth of a stage, kernel, expansion) with `probability`; new blocks are drawn afresh."""
        genes = []
        for stage, gene in zip(self.layout.stages, self.genes(arch), strict=True):
            depth = len(gene.kernels)
            if rng.random() < probability:
                depth = int(rng.choice(stage.depths))
            kernels, expansions = list(gene.kernels[:depth]), list(gene.expansions[:depth])
            for values, choices in ((kernels, self.layout.kernels), (expansions, self.layout.expansions)):
                for i in range(depth):
                    if i == len(values):
                        values.append(int(rng.choice(choices)))
                    elif rng.random() < probability:
                        values[i] = int(rng.choice(choices))
            genes.append(Gene(tuple(kernels), tuple(expansions)))
        return self.build(tuple(genes))

    def cross(self, mother: Arch, father: Arch, rng: np.random.Generator) -> Arch:
        """Take each stage's depth, and each block's kernel and expansion, from either parent."""
        genes = []
        for a, b in zip(self.genes(mother), self.genes(father), strict=True):
            depth = len((a if rng.random() < 0.5 else b).kernels)
            kernels: list[int] = []
            expansions: list[int] = []
            for i in range(depth):
                for values, name in ((kernels, "kernels"), (expansions, "expansions")):
                    parents = [getattr(p, name) for p in (a, b) if i < len(p.kernels)]
                    values.append(parents[int(rng.integers(len(parents)))][i])
            genes.append(Gene(tuple(kernels), tuple(expansions)))
        return self.build(tuple(genes))

    def genes(self, arch: Arch) -> tuple[Gene, ...]:
        """The choices behind a member. Raises ValueError when `arch` is not one."""
        genes, channels = [], self.stage_channels[0]
        try:
            for index, blocks in enumerate(arch.stages[1:]):
                kernels, expansions = [], []
                for position, block in enumerate(blocks):
                    hw = self._block_hw(index, position)
                    kernels.append(next(k for k in self.layout.kernels if reachable((k, k), hw) == block.kernel))
                    expansions.append(
                        next(e for e in self.layout.expansions if self._mid(channels, e) == block.mid_channels)
                    )
                    channels = block.out_channels
                genes.append(Gene(tuple(kernels), tuple(expansions)))
            depths = [len(gene.kernels) for gene in genes]
            known = all(d in stage.depths for d, stage in zip(depths, self.layout.stages, strict=False))
            if known and len(depths) == len(self.layout.stages) and self.build(tuple(genes)) == arch:
                return tuple(genes)
        except (StopIteration, IndexError):
            pass
        raise ValueError(f"not a member of {self}: {arch.describe()}")

    def build(self, genes: tuple[Gene, ...]) -> Arch:
        """The architecture that makes these choices, one Gene per stage."""
        channels = self.stage_channels[0]
        first = Block(self.stem.channels, reachable((3, 3), self.stage_in_hw[0]), 1, channels)
        stages: list[tuple[Block, ...]] = [(first,)]
        for index, (stage, gene) in enumerate(zip(self.layout.stages, genes, strict=True)):
            out, blocks = self.stage_channels[index + 1], []
            for position, (kernel, expansion) in enumerate(zip(gene.kernels, gene.expansions, strict=True)):
                hw = self._block_hw(index, position)
                stride = stage.stride if position == 0 else 1
                blocks.append(Block(self._mid(channels, expansion), reachable((kernel, kernel), hw), stride, out))
                channels = out
            stages.append(tuple(blocks))
        return Arch((*self.resolution, self.layout.channels), self.stem, tuple(stages), self.layout.classes)

    def _mid(self, channels: int, expansion: int) -> int:
        return round_channels(channels * expansion, self.layout.divisor)

    def _block_hw(self, stage: int, position: int) -> HW:
        return self.stage_in_hw[stage] if position == 0 else self.stage_in_hw[stage + 1]

    def _sample_stage(self, stage: Stage, rng: np.random.Generator) -> Gene:
        depth = stage.depths[int(rng.integers(len(stage.depths)))]
        kernels, expansions = self.layout.kernels, self.layout.expansions
        return Gene(
            tuple(kernels[i] for i in rng.integers(len(kernels), size=depth)),
            tuple(expansions[i] for i in rng.integers(len(expansions), size=depth)),
        )

    def _uniform(self, pick) -> Arch:
        kernel, expansion = pick(self.layout.kernels), pick(self.layout.expansions)
        depths = [pick(stage.depths) for stage in self.layout.stages]
        return self.build(tuple(Gene((kernel,) * d, (expansion,) * d) for d in depths))


def reachable(kernel: HW, hw: HW) -> HW:
    """`kernel` without the taps that can never meet data: on n rows at most 2n - 1 rows of taps do."""
    return (min(kernel[0], 2 * hw[0] - 1), min(kernel[1], 2 * hw[1] - 1))


@dataclass(frozen=True)
class Grid(space.Grid):
    """Spaces of this family; also read back from JSON."""

    layout: Layout

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Grid:
        """The inverse of `to_json`, also for values that went through a JSON file."""
        layout = {name: _tuples(part) for name, part in value["layout"].items()}
        stages = tuple(Stage(**{name: _tuples(part) for name, part in stage.items()}) for stage in layout["stages"])
        return cls(Layout(**layout | {"stages": stages}), _tuples(value["widths"]), _tuples(value["resolutions"]))


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were, at every depth."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def published_grid(classes: int, channels: int = 3) -> Grid:
    """The 9 x 12 grid of the MCUNet paper, for large square images."""
    return Grid(Layout(channels, classes), PUBLISHED_WIDTHS, tuple((r, r) for r in PUBLISHED_RESOLUTIONS))


def grid_for(input_shape: tuple[int, int, int], classes: int, *, resizable: bool | None = None) -> Grid:
    """A grid scaled to data of `input_shape` (rows, columns, channels).

    Images of 96 rows and more get the published layout, smaller inputs four stages whose strides
    stop before fewer than four rows are left. `resizable` says whether rows and columns may be
    resampled; by default square inputs of 16 and more may (images), others (spectrograms, series) not.
    Raises UsageError for an empty input or fewer than two classes.
    """
    rows, columns, channels = input_shape
    if min(input_shape) < 1 or classes < 2:
        raise UsageError(
            f"an input of {rows}x{columns}x{channels} and {classes} classes",
            hint="one row, column and channel at least, and two classes",
        )
    if resizable is None:
        resizable = rows == columns and rows >= 16
    resolutions = _resolutions(rows, columns) if resizable else ((rows, columns),)
    if min(rows, columns) >= 96 and resizable:
        return Grid(Layout(channels, classes), PUBLISHED_WIDTHS, resolutions)
    return Grid(_small_layout(rows, columns, channels, classes), PUBLISHED_WIDTHS, resolutions)


def _small_layout(rows: int, columns: int, channels: int, classes: int) -> Layout:
    """Strides in the stem for long axes, then wherever eight rows or columns are left."""
    stem_stride = (2 if rows > 40 else 1, 2 if columns > 40 else 1)
    hw, stages = [math.ceil(rows / stem_stride[0]), math.ceil(columns / stem_stride[1])], []
    for width, may_stride, depths in (
        (24, True, (1, 2, 3)),
        (40, True, (1, 2, 3)),
        (80, False, (1, 2, 3)),
        (160, True, (1, 2)),
    ):
        stride = 2 if may_stride and max(hw) >= 8 else 1
        hw = [math.ceil(n / stride) for n in hw]
        stages.append(Stage(width, stride, depths))
    kernel = (3, 3) if rows == columns else (5, 5)
    return replace(Layout(channels, classes), stem_kernel=kernel, stem_stride=stem_stride, stages=tuple(stages))


def _resolutions(rows: int, columns: int) -> tuple[HW, ...]:
    """Up to twelve sizes from a quarter (large images) or a half of the data's own up to it."""
    if rows == columns and rows >= 176:
        return tuple((r, r) for r in PUBLISHED_RESOLUTIONS if r <= rows)
    step = max(4, round(min(rows, columns) / 8 / 4) * 4)
    heights = [rows - step * i for i in range(12) if rows - step * i >= max(12, rows / 2)]
    return tuple((h, max(1, round(columns * h / rows))) for h in sorted(heights))
