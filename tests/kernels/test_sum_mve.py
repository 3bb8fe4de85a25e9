"""The Helium kernels for sums, means and global pools on the emulated core against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import Batch, extremes, kernels

CORE = "cortex-m55"
GLOBAL_POOL, GLOBAL_SUM, SUM = "te_average_pool_2d_s8_global_mve", "te_sum_s8_global_mve", "te_sum_s8_mve"


def reduce(
    batch: Batch,
    opcode: str,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    scale: float,
    zeros: tuple[int, int] = (-7, 3),
) -> None:
    b = batch.builder
    x = b.input(shape, scale=0.02, zero_point=zeros[0])
    axis = b.const(np.array(axes, np.int32), "INT32")
    y = b.tensor(tuple(1 if i in axes else n for i, n in enumerate(shape)), scale=scale, zero_point=zeros[1])
    b.op(opcode, [x, axis], [y], keep_dims=True)
    b.output(y)


@pytest.mark.parametrize("opcode", ["MEAN", "SUM"])
def test_reduce(opcode: str) -> None:
    """Channels and pixels of every remainder, more pixels than 16 bits hold, shifts either way, extreme zero points."""
    batch = Batch(seed=1)
    for channels, pixels in ((1, 3), (7, 9), (8, 8), (13, 40), (130, 5), (16, 256), (5, 257), (9, 600)):
        for scale in (0.0004, 0.021, 0.5, 40.0):
            reduce(batch, opcode, (1, 3, pixels, channels), (2,), scale)
            reduce(batch, opcode, (1, pixels, 2, channels), (1,), scale, (127, -128))
        reduce(batch, opcode, (1, 3, pixels, channels), (1, 2), 0.3, (-128, 127))
    names = kernels(batch.verify(CORE, inputs=extremes(batch)))
    assert (
        set(names) <= {SUM, GLOBAL_SUM, "te_sum_s8", "te_sum_s8_global"}
        and names.count(SUM) > 40
        and names.count(GLOBAL_SUM) > 4
    )


def test_global_average_pool() -> None:
    batch = Batch(seed=2)
    b = batch.builder
    for h, w, channels in ((1, 1, 8), (3, 4, 7), (25, 5, 64), (5, 17, 130), (2, 300, 9)):
        x = b.input((1, h, w, channels), scale=0.1, zero_point=4)
        y = b.tensor((1, 1, 1, channels), scale=0.1, zero_point=4)
        b.op(
            "AVERAGE_POOL_2D",
            [x],
            [y],
            padding="VALID",
            stride_w=1,
            stride_h=1,
            filter_width=w,
            filter_height=h,
            fused_activation_function="RELU" if channels % 2 else "NONE",
        )
        b.output(y)
    assert kernels(batch.verify(CORE, inputs=extremes(batch))).count(GLOBAL_POOL) >= 4
