"""Global pooling and means that take rows as they come."""

from __future__ import annotations

import numpy as np
import pytest

import tinyengine_tf
from tests.exact import assert_exact
from tests.modelgen import ModelBuilder


def kernel_names(host: object) -> list[str]:
    return [layer.kernel.name for layer in host.arena.schedule.layers]  # type: ignore[attr-defined]


@pytest.mark.parametrize("shape", [(1, 1, 2, 3), (1, 7, 5, 1), (1, 3, 9, 17), (2, 4, 4, 8)])
@pytest.mark.parametrize("activation", ["NONE", "RELU6"])
def test_global_average_pool(shape: tuple[int, ...], activation: str) -> None:
    b = ModelBuilder()
    x = b.input(shape, scale=0.1, zero_point=-7)
    y = b.tensor((shape[0], 1, 1, shape[3]), scale=0.1, zero_point=-7)
    b.op(
        "AVERAGE_POOL_2D",
        [x],
        [y],
        padding="VALID",
        stride_w=1,
        stride_h=1,
        filter_width=shape[2],
        filter_height=shape[1],
        fused_activation_function=activation,
    )
    b.output(y)
    host = assert_exact(b.finish(), count=5)
    assert kernel_names(host) == ["te_average_pool_2d_s8_global"]


@pytest.mark.parametrize("opcode", ["MEAN", "SUM"])
@pytest.mark.parametrize("keep_dims", [True, False])
@pytest.mark.parametrize("shape", [(1, 5, 3, 4), (1, 1, 8, 2), (3, 2, 2, 6)])
def test_mean_over_images(opcode: str, keep_dims: bool, shape: tuple[int, ...]) -> None:
    b = ModelBuilder()
    x = b.input(shape, scale=0.21, zero_point=12)
    axes = b.const(np.array([1, 2], np.int32))
    y = b.tensor((shape[0], 1, 1, shape[3]) if keep_dims else (shape[0], shape[3]), scale=0.17, zero_point=-30)
    b.op(opcode, [x, axes], [y], keep_dims=keep_dims)
    b.output(y)
    host = assert_exact(b.finish(), count=5)
    assert kernel_names(host) == ["te_sum_s8_global"]


def test_layers_of_a_batch_are_compared_one_by_one() -> None:
    """A trace gives every image's means once."""
    b = ModelBuilder()
    x = b.input((3, 4, 5, 2), scale=0.1, zero_point=3)
    y, z = b.tensor((3, 2), scale=0.05, zero_point=-2), b.tensor((3, 2), scale=0.05, zero_point=-2)
    b.op("MEAN", [x, b.const(np.array([1, 2], np.int32))], [y], keep_dims=False)
    b.op("SUB", [y, b.const(np.array([7, -7], np.int8), scale=0.03)], [z])
    b.output(z)
    result = tinyengine_tf.verify(b.finish(), target="host", layers=True)
    assert result.exact and result.layers_compared == 6
