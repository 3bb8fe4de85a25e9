"""Arch -> Footprint by the layer-by-layer formula of the published search (MCUNet).

Every tensor is whole, and the largest set of tensors alive in one step is the peak. It needs no compiler and serves to
reproduce the paper; the search itself asks the compiler (`CompilerCost`), for which the formula gives bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from nas_keras.cost.footprint import CostModel, Footprint
from nas_keras.families.mbconv.arch import Arch, PlacedBlock


@dataclass(frozen=True)
class AnalyticCost(CostModel):
    """Layer by layer over whole tensors, one byte per element.

    inplace_depthwise   depthwise convolutions overwrite their input channel by channel and
                        need one padded channel besides; otherwise input and output both live.
    channel_bytes       of flash per output channel, for bias and requantisation; a weight has one.
    A residual's addition is written over the held input. Source: MCUNet, NeurIPS 2020, sections 3.2
    and supplement.
    """

    inplace_depthwise: bool = True
    count_padded_channel: bool = True
    channel_bytes: int = 8

    @property
    def name(self) -> str:
        return "layer-by-layer" + (", in-place depthwise" if self.inplace_depthwise else "")

    def footprint(self, arch: Arch) -> Footprint:
        rows, columns, depth = arch.input_shape
        stem, hw = arch.stem, arch.stem_hw
        taps = math.prod(stem.kernel) * depth
        peak = rows * columns * depth + math.prod(hw) * stem.channels
        extra = self.channel_bytes
        flash, macs = (taps + extra) * stem.channels, taps * stem.channels * math.prod(hw)
        for placed in arch.placed():
            block_peak, block_flash, block_macs = _block_cost(
                placed, self.inplace_depthwise, self.count_padded_channel, extra
            )
            peak, flash, macs, hw = max(peak, block_peak), flash + block_flash, macs + block_macs, placed.out_hw
        features = arch.features
        peak = max(peak, math.prod(hw) * features + features)
        return Footprint(peak, flash + (features + extra) * arch.classes, None, macs + features * arch.classes)


@lru_cache(maxsize=200_000)
def _block_cost(placed: PlacedBlock, inplace: bool, count_padded: bool, extra: int) -> tuple[int, int, int]:
    """(peak bytes, flash bytes, MACs) of one block."""
    block, cin = placed.block, placed.in_channels
    pixels_in, pixels_out = math.prod(placed.in_hw), math.prod(placed.out_hw)
    mid, out, taps = block.mid_channels, block.out_channels, math.prod(block.kernel)
    held = pixels_in * cin if placed.residual else 0
    wide_in, wide_out = pixels_in * mid, pixels_out * mid

    steps, flash, macs = [], (taps + extra) * mid + (mid + extra) * out, (taps + out) * pixels_out * mid
    if placed.expands:
        steps.append(pixels_in * cin + wide_in)
        flash, macs = flash + (cin + extra) * mid, macs + cin * pixels_in * mid
    if inplace:
        rows, columns = (n + k - 1 for n, k in zip(placed.in_hw, block.kernel, strict=True))
        steps.append(held + wide_in + (rows * columns if count_padded else 0))
    else:
        steps.append(held + wide_in + wide_out)
    steps.append(held + wide_out + pixels_out * out)
    return max(steps), flash, macs


RAW = AnalyticCost(channel_bytes=4)
"""Every weight and bias once: no kernel's constants are smaller, so what RAW finds too large needs no planning."""
GENEROUS = AnalyticCost(inplace_depthwise=False, channel_bytes=64)
"""Whole tensors, nothing in place, tables for every kind of kernel: what fits into half the SRAM by it fits by any plan
(the compiler needs 0.1 to 1.4 times of it, kernels' scratch memory included)."""
