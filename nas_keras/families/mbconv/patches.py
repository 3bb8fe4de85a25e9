"""Patch-based inference as MCUNetV2 models it: the first blocks per patch of their output, the rest layer by layer.

A patch of the last such block's output needs a larger patch of its input, and so on down to the image: halos that
neighbours share are computed again by each. The model serves to reproduce the paper; the compiler itself fuses
rows without computing anything twice. Source: Lin et al., MCUNetV2, NeurIPS 2021, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from nas_keras.cost.footprint import CostModel, Footprint
from nas_keras.families.mbconv.analytic import AnalyticCost
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.space import HW

Span = tuple[int, int]
"""Half-open range of rows or columns; it may reach beyond the image."""


@dataclass(frozen=True)
class Layer:
    """One convolution of the patch stage.

    window     (kernel, stride) along one axis, the same for both
    taps       multiply-accumulates per output element
    held       index of the layer whose output is kept besides, for a residual; the last layer of the block adds to it
    in_place   a depthwise convolution that overwrites its input
    """

    window: tuple[int, int]
    in_hw: HW
    in_channels: int
    out_hw: HW
    out_channels: int
    taps: int
    held: int | None = None
    in_place: bool = False


@dataclass(frozen=True)
class PatchCost(CostModel):
    """Cost with the stem and `blocks` blocks run in patches x patches pieces.

    clamp   patches at the border stop at the image instead of computing halos of padding
    """

    patches: int
    blocks: int
    clamp: bool = True

    @property
    def name(self) -> str:
        return f"{self.patches}x{self.patches} patches over {self.blocks} blocks"

    def footprint(self, arch: Arch) -> Footprint:
        """As AnalyticCost with depthwise in place; the input image is not counted while patches are read from it."""
        whole = AnalyticCost(count_padded_channel=False).footprint(arch)
        layers = stage_layers(arch, len(arch.blocks))
        live = _live_bytes(layers, [math.prod(layers[0].in_hw), *(math.prod(layer.out_hw) for layer in layers)])
        peak = max([self.stage_peak_bytes(arch), *live[len(stage_layers(arch, self.blocks)) :]])
        return Footprint(
            peak, whole.flash_bytes, None, whole.macs + self.stage_macs(arch) - stage_macs(arch, self.blocks)
        )

    def stage_macs(self, arch: Arch) -> int:
        """Multiply-accumulates of the patch stage, halos included."""
        layers = stage_layers(arch, self.blocks)
        axes = [self._axis(layers, axis) for axis in (0, 1)]
        sums = [[sum(length(spans[k]) for spans in axis) for k in range(len(layers))] for axis in axes]
        return sum(
            layer.taps * layer.out_channels * rows * columns for layer, rows, columns in zip(layers, *sums, strict=True)
        )

    def stage_peak_bytes(self, arch: Arch) -> int:
        """The stage's whole output, and what the largest patch needs at its busiest layer."""
        layers = stage_layers(arch, self.blocks)
        rows, columns = (
            [max(length(spans[k]) for spans in self._axis(layers, axis)) for k in range(-1, len(layers))]
            for axis in (0, 1)
        )
        pixels = [r * c for r, c in zip(rows, columns, strict=True)]  # [0]: the image, [k + 1]: layer k
        return math.prod(layers[-1].out_hw) * layers[-1].out_channels + max(_live_bytes(layers, pixels))

    def patch_sides(self, arch: Arch) -> tuple[int, ...]:
        """Rows of the largest patch of the image and of every layer's output."""
        layers = stage_layers(arch, self.blocks)
        axis = self._axis(layers, 0)
        return tuple(max(length(spans[k]) for spans in axis) for k in range(-1, len(layers)))

    def _axis(self, layers: tuple[Layer, ...], axis: int) -> list[dict[int, Span]]:
        """Per patch along an axis, the span of every layer's output (index -1: of the image)."""
        size = layers[-1].out_hw[axis]
        cuts = [size * i // self.patches for i in range(self.patches + 1)]
        found = []
        for begin, end in pairwise(cuts):
            spans = {len(layers) - 1: (begin, end)}
            for k in range(len(layers) - 1, -1, -1):
                layer = layers[k]
                span = needed_span(spans[k], layer.window, layer.in_hw[axis], layer.out_hw[axis])
                spans[k - 1] = (max(span[0], 0), min(span[1], layer.in_hw[axis])) if self.clamp else span
            found.append(spans)
        return found


def length(span: Span) -> int:
    return span[1] - span[0]


def needed_span(out: Span, window: tuple[int, int], in_size: int, out_size: int) -> Span:
    """The input that a span of the output reads: (n - 1) * stride + kernel long, placed as SAME padding places it."""
    kernel, stride = window
    before = max((out_size - 1) * stride + kernel - in_size, 0) // 2
    begin = out[0] * stride - before
    return begin, begin + (length(out) - 1) * stride + kernel


def stage_layers(arch: Arch, blocks: int) -> tuple[Layer, ...]:
    """The convolutions of the stem and the first `blocks` blocks; additions are written over what they hold."""
    rows, _, depth = arch.input_shape
    stem = arch.stem
    assert stem.kernel[0] == stem.kernel[1] and stem.stride[0] == stem.stride[1], "square windows only"
    found = [
        Layer(
            (stem.kernel[0], stem.stride[0]),
            arch.input_shape[:2],
            depth,
            arch.stem_hw,
            stem.channels,
            math.prod(stem.kernel) * depth,
        )
    ]
    for placed in list(arch.placed())[:blocks]:
        block, channels, hw = placed.block, placed.in_channels, placed.in_hw
        held = len(found) - 1 if placed.residual else None
        if placed.expands:
            found.append(Layer((1, 1), hw, channels, hw, block.mid_channels, channels))
        found.append(
            Layer(
                (block.kernel[0], block.stride),
                hw,
                block.mid_channels,
                placed.out_hw,
                block.mid_channels,
                math.prod(block.kernel),
                held,
                in_place=True,
            )
        )
        found.append(
            Layer(
                (1, 1), placed.out_hw, block.mid_channels, placed.out_hw, block.out_channels, block.mid_channels, held
            )
        )
    return tuple(found)


def stage_macs(arch: Arch, blocks: int) -> int:
    """The same layers without patches."""
    return sum(layer.taps * layer.out_channels * math.prod(layer.out_hw) for layer in stage_layers(arch, blocks))


def _live_bytes(layers: tuple[Layer, ...], pixels: list[int]) -> list[int]:
    """Bytes alive in each layer; pixels[0] are those of the image, pixels[k + 1] of layer k's output."""
    found = []
    for k, layer in enumerate(layers):
        held = 0 if layer.held is None else pixels[layer.held + 1] * layers[layer.held].out_channels
        overwrites = layer.in_place or layer.held is not None
        found.append(pixels[k] * layer.in_channels + held + (0 if overwrites else pixels[k + 1] * layer.out_channels))
    return found
