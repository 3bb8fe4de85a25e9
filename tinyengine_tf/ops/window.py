"""Sliding windows: the geometry shared by convolutions and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op
from tinyengine_tf.ops.base import HW, Reject, Rule

OUTPUT_SIZE = Rule("the output size follows from input, stride and padding")


@dataclass(frozen=True)
class Window:
    """A k.h x k.w window moved over rows and columns.

    pad_top, pad_left   rows/columns of padding before the image; what follows the image is
                        implied by the output size. SAME and VALID do not exist beyond the importer.
    """

    kernel: HW
    stride: HW = HW(1, 1)
    dilation: HW = HW(1, 1)
    pad_top: int = 0
    pad_left: int = 0

    @property
    def extent(self) -> HW:
        """Rows and columns from the first to the last tap, inclusive."""
        return HW((self.kernel.h - 1) * self.dilation.h + 1, (self.kernel.w - 1) * self.dilation.w + 1)

    @property
    def kind(self) -> str:
        """Size and stride, as in 3x3s1."""
        return f"{self.kernel.h}x{self.kernel.w}s{self.stride.w}"

    @property
    def is_pointwise(self) -> bool:
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.pad_top == 0 and self.pad_left == 0

    def padding_after(self, image: HW, out: HW) -> HW:
        """Rows and columns that the last window reaches beyond the image (0 if none)."""
        bottom = (out.h - 1) * self.stride.h - self.pad_top + self.extent.h - image.h
        right = (out.w - 1) * self.stride.w - self.pad_left + self.extent.w - image.w
        return HW(max(bottom, 0), max(right, 0))

    def patches(self, images: np.ndarray, out: HW, fill: float) -> np.ndarray:
        """What each window sees of NHWC images, `fill` beyond them: [n, out.h, out.w, kernel.h, kernel.w, channels]."""
        after = self.padding_after(HW(*images.shape[1:3]), out)
        border = ((0, 0), (self.pad_top, after.h), (self.pad_left, after.w), (0, 0))
        rows, columns = (
            np.arange(n)[:, None] * stride + np.arange(taps) * dilation
            for n, stride, taps, dilation in zip(out, self.stride, self.kernel, self.dilation, strict=True)
        )
        padded = np.pad(images, border, constant_values=fill)
        return padded[:, rows[:, None, :, None], columns[None, :, None, :]]

    def check(self, image: HW, out: HW) -> None:
        """Every window touches the image: an output made of padding alone has no meaning."""
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.pad_top, self.pad_left) < 0:
            raise InvalidIR(f"window {self}")
        if min(*out, *image) < 1:
            raise InvalidIR(f"window over {image} giving {out}")


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowOp(Op):
    """An operator that moves a window over the rows and columns of one NHWC image to make another."""

    window: Window

    @property
    def image(self) -> HW:
        return HW(*self.input.shape[1:3])

    @property
    def out_image(self) -> HW:
        return HW(*self.output.shape[1:3])

    @property
    def reads_padding(self) -> bool:
        """Whether some window reaches beyond the image."""
        after = self.window.padding_after(self.image, self.out_image)
        return any((self.window.pad_top, self.window.pad_left, after.h, after.w))


MAX_SIZE = 2**15 - 1  # so that positions within an image stay within 32 bits in the generated C
WINDOW_SIZES = Rule(f"strides, dilations and kernel sizes are between 1 and {MAX_SIZE}")
WINDOW_RULES = (WINDOW_SIZES, OUTPUT_SIZE)


def check_sizes(**sizes: HW) -> None:
    """Reject strides, dilations and kernel sizes that no image has."""
    if not all(1 <= n <= MAX_SIZE for size in sizes.values() for n in size):
        found = ", ".join(f"{name} {size.h}x{size.w}" for name, size in sizes.items())
        raise Reject(WINDOW_SIZES, found)


def parse_window(options: Any, kernel: HW, image: HW, out: HW) -> Window:
    """The window of a CONV_2D, DEPTHWISE_CONV_2D or pooling operator.

    SAME pads (out - 1) * stride + extent - image in all, the smaller half before (TensorFlow's rule).
    """
    stride = HW(options["stride_h"], options["stride_w"])
    dilation = HW(options.get("dilation_h_factor", 1), options.get("dilation_w_factor", 1))
    check_sizes(stride=stride, dilation=dilation, kernel=kernel)
    window = Window(kernel, stride, dilation)
    same = options["padding"] == "SAME"
    for name, i, o, s, e in zip("hw", image, out, stride, window.extent, strict=True):
        expected = -(-i // s) if same else -(-(i - e + 1) // s)
        if o != expected or o < 1:
            raise Reject(OUTPUT_SIZE, f"{name}: {o} where {expected} is expected")
    if not same:
        return window
    total = [max((o - 1) * s + e - i, 0) for i, o, s, e in zip(image, out, stride, window.extent, strict=True)]
    return Window(kernel, stride, dilation, total[0] // 2, total[1] // 2)
