"""The geometry of depthwise layers in planes: blocks of output columns, eight channels at a time."""

from __future__ import annotations

from functools import cached_property

from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D

CHANNELS = 8
CHUNK = 16
"""Products per instruction."""
COLUMNS = 16
"""Output columns of a block, at most."""
SCRATCH_BYTES = 1024
"""Blocks become narrower where they would need more than about this."""
SUM_BYTES = 4 * CHANNELS


class Planes:
    """The geometry of a layer's blocks."""

    def __init__(self, op: DepthwiseConv2D):
        w = op.window
        self.kernel, self.stride, self.pad = w.kernel, w.stride.w, w.pad_left
        self.multiplier = op.multiplier
        self.width, self.out_width, self.channels = op.image.w, op.out_image.w, op.out_channels
        self.taps = w.kernel.h * w.kernel.w
        self.chunks = -(-self.taps // CHUNK)
        self.step = self.stride * w.kernel.h

    @cached_property
    def columns(self) -> int:
        """Output columns per block: equal blocks, the last of which may overlap the one before."""
        most = COLUMNS
        while most > 4 and CHANNELS * self.plane_bytes(most) + most * SUM_BYTES > SCRATCH_BYTES:
            most -= 1
        return -(-self.out_width // -(-self.out_width // most))

    @property
    def blocks(self) -> int:
        return -(-self.out_width // self.columns)

    def in_columns(self, columns: int) -> int:
        return (columns - 1) * self.stride + self.kernel.w

    def plane_bytes(self, columns: int) -> int:
        return self.in_columns(columns) * self.kernel.h

    @property
    def plane(self) -> int:
        return self.plane_bytes(self.columns)

    @property
    def sums_offset(self) -> int:
        """Where the sums begin: loads of the last window reach beyond the planes."""
        return -(-(CHANNELS * self.plane + CHUNK) // 4) * 4

    @property
    def scratch_bytes(self) -> int:
        return self.sums_offset + self.columns * SUM_BYTES

    @property
    def shared(self) -> int:
        """Windows that lie within one load."""
        return min((CHUNK - self.taps) // self.step + 1, 3) if self.chunks == 1 else 1

    @property
    def weight_bytes(self) -> int:
        """Bytes of a channel's weights in the stream: with zeros up to 16, or as they are."""
        return CHUNK if self.chunks == 1 else self.taps

    @property
    def zeros(self) -> int:
        """Bytes of zeros before the weights of eight channels: shifted weights are loads that begin earlier."""
        return CHUNK if self.shared > 1 else 0

    @property
    def partial_channels(self) -> bool:
        return self.channels % CHANNELS > 0

    @property
    def partial_taps(self) -> int:
        """Weights in the last load, if it must be predicated."""
        return self.taps % CHUNK if self.chunks > 1 else 0

    def first_of(self, block: int) -> int:
        return min(block * self.columns, self.out_width - self.columns)
