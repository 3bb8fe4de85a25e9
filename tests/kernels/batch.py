"""Many independent layers in one model, so that one compilation and one emulator run tests them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.lab.verify import Verification

LINEAR, RELU = ("NONE", 5), ("RELU", -128)
"""(activation, output zero point) of the two common kinds of layer."""


def out_size(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    extent = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else -(-(size - extent + 1) // stride)


@dataclass
class Batch:
    """Collects weighted layers, each with a graph input and output of its own. Weights and scales are random."""

    seed: int = 0
    weight_type: str = "INT8"
    builder: ModelBuilder = field(default_factory=ModelBuilder)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.most = {"INT8": 127, "INT4": 7}[self.weight_type]

    def conv(
        self,
        image: tuple[int, int, int],
        filters: int,
        kernel: tuple[int, int] = (1, 1),
        *,
        depthwise: bool = False,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: str = "SAME",
        act: tuple[str, int] = LINEAR,
        spread: float = 8.0,
        factor: float = 1.0,
        input_zero: int = -7,
        batch: int = 1,
        weights: np.ndarray | None = None,
    ) -> None:
        """A convolution of an image (height, width, channels). `spread`: the largest weight scale by the
        smallest (1: per tensor); `factor` widens the output scale."""
        h, w, channels = image
        shape = (1, *kernel, filters) if depthwise else (filters, *kernel, channels)
        weights = self.rng.integers(-self.most, self.most + 1, shape).astype(np.int8) if weights is None else weights
        depth = kernel[0] * kernel[1] * (1 if depthwise else channels)
        options: dict[str, Any] = dict(
            padding=padding,
            stride_h=stride[0],
            stride_w=stride[1],
            dilation_h_factor=dilation[0],
            dilation_w_factor=dilation[1],
        )
        if depthwise:
            options["depth_multiplier"] = filters // channels
        out = tuple(out_size(n, k, s, d, padding) for n, k, s, d in zip((h, w), kernel, stride, dilation, strict=True))
        opcode = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        self._add(
            opcode,
            (batch, h, w, channels),
            weights,
            3 if depthwise else 0,
            (batch, *out, filters),
            depth,
            act,
            spread,
            factor,
            input_zero,
            options,
        )

    def fully_connected(self, rows: int, depth: int, outputs: int, act: tuple[str, int] = LINEAR) -> None:
        weights = self.rng.integers(-self.most, self.most + 1, (outputs, depth)).astype(np.int8)
        self._add("FULLY_CONNECTED", (rows, depth), weights, 0, (rows, outputs), depth, act, 1.0, 1.0, -7, {})

    def binary(
        self,
        function: str,
        a: tuple[int, ...],
        b: tuple[int, ...],
        scales: tuple[float, float, float],
        zeros: tuple[int, int, int],
        act: str = "NONE",
        *,
        constant: int | None = None,
    ) -> None:
        """ADD, SUB or MUL of shapes a and b, one of which may be broadcast. `scales` and `zeros` of a, b and the
        output; operand `constant` (0 or 1) is a constant."""
        m, operands = self.builder, []
        for i, shape in enumerate((a, b)):
            quant: dict[str, Any] = {"scale": scales[i], "zero_point": zeros[i]}
            if i == constant:
                operands.append(m.const(self.rng.integers(-128, 128, shape).astype(np.int8), **quant))
            else:
                operands.append(m.input(shape, **quant))
        out = m.tensor(a if len(a) >= len(b) else b, scale=scales[2], zero_point=zeros[2])
        m.op(function, operands, [out], fused_activation_function=act)
        m.output(out)

    def _add(
        self,
        opcode: str,
        in_shape: tuple[int, ...],
        weights: np.ndarray,
        axis: int,
        out_shape: tuple[int, ...],
        depth: int,
        act: tuple[str, int],
        spread: float,
        factor: float,
        input_zero: int,
        options: dict[str, Any],
    ) -> None:
        b, channels = self.builder, out_shape[-1]
        scales = 0.01 * np.exp(self.rng.uniform(0, np.log(spread), channels)) if spread > 1 else np.full(1, 0.01)
        scale = 0.02 * float(scales.mean()) * 40.0 * self.most / 127 * depth**0.5 * factor
        x = b.input(in_shape, scale=0.02, zero_point=input_zero)
        w = b.const(weights, self.weight_type, scales=[float(np.float32(s)) for s in scales], axis=axis)
        c = b.const(
            self.rng.integers(-3000, 3000, channels).astype(np.int32),
            scale=float(np.float32(0.02) * np.float32(scales[0])),
        )
        y = b.tensor(out_shape, scale=scale, zero_point=act[1])
        b.op(opcode, [x, w, c], [y], fused_activation_function=act[0], **options)
        b.output(y)

    def verify(self, target: str = "cortex-m4", **options: Any) -> Verification:
        """Run on an emulated core; fails unless every value equals TFLM's."""
        options = {"optimize": "speed", **options}  # no slower kernel for the sake of memory
        result = api.verify(self.builder.finish(), target=target, count=2, seed=self.seed, **options)
        assert result.exact, str(result.difference)
        return result


def kernels(result: Verification) -> list[str]:
    """The names of the kernels that ran, in order."""
    return [layer.kernel.name for layer in result.arena.schedule.layers]


def extremes(batch: Batch) -> list[list[np.ndarray]]:
    """Samples of int8 inputs: noise, all at the lower end, all at the upper end, and every value in turn."""
    graph = api.load_graph(batch.builder.finish())
    shapes = [t.shape for t in graph.inputs]
    return [
        [batch.rng.integers(-128, 128, s).astype(np.int8) for s in shapes],
        *([np.full(s, end, np.int8) for s in shapes] for end in (-128, 127)),
        [np.resize(np.arange(-128, 128), s).astype(np.int8) for s in shapes],
    ]
