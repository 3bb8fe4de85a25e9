"""The Helium kernels for tables, clamps, conversions and pools on the emulated core against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import Batch, kernels
from tinyengine_tf.kernels.reduction.average_pool_2d_mve import divides

CORE = "cortex-m55"


def unary(
    batch: Batch,
    opcode: str,
    count: int,
    types: tuple[str, str],
    scales: tuple[float, float],
    zeros: tuple[int, int],
    **options: object,
) -> None:
    b = batch.builder
    quantised = [
        {"scale": s, "zero_point": z} if t != "FLOAT32" else {} for t, s, z in zip(types, scales, zeros, strict=True)
    ]
    x = b.input((1, count), types[0], **quantised[0])
    y = b.tensor((1, count), types[1], **quantised[1])
    b.op(opcode, [x], [y], **options)
    b.output(y)


def test_tables_clamps_and_conversions() -> None:
    """Every count modulo 16; signed and unsigned bytes; 16-bit inputs of DEQUANTIZE."""
    batch = Batch(seed=1)
    for count in (1, 3, 15, 16, 17, 30, 64):
        unary(batch, "LOGISTIC", count, ("INT8", "INT8"), (0.05, 1 / 256), (3, -128))
        unary(batch, "QUANTIZE", count, ("INT8", "UINT8"), (0.05, 0.05), (-5, 123))
        unary(batch, "QUANTIZE", count, ("UINT8", "INT8"), (0.05, 0.07), (100, 7))
        unary(batch, "RELU", count, ("INT8", "INT8"), (0.05, 0.05), (-5, -5))
        for dtype, zero in (("INT8", -7), ("UINT8", 200), ("INT16", 0)):
            unary(batch, "DEQUANTIZE", count, (dtype, "FLOAT32"), (0.037, 0.0), (zero, 0))
    assert set(kernels(batch.verify(CORE))) == {
        "te_lookup_8_mve",
        "te_flip_sign_8_mve",
        "te_clamp_8_mve",
        "te_dequantize_f32_mve",
    }


@pytest.mark.parametrize("opcode", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_pools(opcode: str) -> None:
    """Every channel count modulo 16, windows of 1 to 16 pixels, both paddings, clamps."""
    batch = Batch(seed=2)
    b = batch.builder
    for channels, (h, w), stride in (
        (1, (2, 2), 2),
        (8, (3, 3), 1),
        (17, (2, 3), 2),
        (40, (4, 4), 3),
        (5, (1, 1), 1),
        (16, (3, 3), 2),
    ):
        for padding in ("SAME", "VALID"):
            for act in ("NONE", "RELU6"):
                x = b.input((1, 7, 9, channels), scale=0.04, zero_point=-20)
                rows, columns = (
                    -(-n // stride) if padding == "SAME" else -(-(n - k + 1) // stride) for n, k in ((7, h), (9, w))
                )
                y = b.tensor((1, rows, columns, channels), scale=0.04, zero_point=-20)
                b.op(
                    opcode,
                    [x],
                    [y],
                    padding=padding,
                    stride_w=stride,
                    stride_h=stride,
                    filter_width=w,
                    filter_height=h,
                    fused_activation_function=act,
                )
                b.output(y)
    assert set(kernels(batch.verify(CORE))) == {f"te_{opcode.lower()}_s8_mve"}


def test_means_are_divided_exactly() -> None:
    """The product equals the division for every sum of every count that is accepted."""
    for count in filter(divides, range(2, 256)):
        n = np.arange(128 * count + count // 2 + 1)
        np.testing.assert_array_equal(n * -(-(2**16) // count) >> 16, n // count)
    assert all(map(divides, range(1, 23))) and not all(map(divides, range(23, 256)))
