"""SOFTMAX, equal to TFLM bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError


def softmax_model(shape, in_scale=0.1, in_zero=3, *, beta=1.0, out="INT8", out_scale=None, out_zero=None, dtype="INT8"):
    b = ModelBuilder("softmax")
    fixed = {"INT8": (1 / 256, -128), "INT16": (1 / 65536, -32768), "FLOAT32": (1.0, 0)}[out]
    x = b.input(shape, dtype, scale=in_scale, zero_point=in_zero)
    y = b.tensor(shape, out, scale=out_scale or fixed[0], zero_point=fixed[1] if out_zero is None else out_zero)
    b.op("SOFTMAX", [x], [y], beta=beta)
    b.output(y)
    return b.finish()


def samples(shape, seed=0):
    """Noise; constant rows; one value far above the rest; close values; every difference from the maximum."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(-128, 128, (2, *shape))
    spike = np.full(shape, -128)
    spike[..., 0] = 127
    ramp = 127 - np.arange(np.prod(shape)).reshape(shape) % 256
    close = rng.integers(-3, 4, shape)
    return [[a.astype(np.int8)] for a in (*noise, np.zeros(shape), np.full(shape, -128), spike, ramp, close)]


@settings(max_examples=25, deadline=None)
@given(
    st.floats(2.0**-12, 2.0, width=32),
    st.integers(-128, 127),
    st.sampled_from([1.0, 1.0, 0.25, 3.0]),
    st.sampled_from(["INT8", "INT16"]),
    st.sampled_from([(1, 2), (1, 10), (3, 7), (1, 256), (2, 3, 2, 5), (4,)]),
)
def test_softmax(in_scale, in_zero, beta, out, shape):
    assert_exact(softmax_model(shape, in_scale, in_zero, beta=beta, out=out), samples(shape))


@pytest.mark.parametrize("in_scale", [2.0**-25, 1e-6, 20.0, 33.0, 1e4])
@pytest.mark.parametrize("out", ["INT8", "INT16"])
def test_extreme_scales(in_scale, out):
    assert_exact(softmax_model((2, 9), in_scale, out=out), samples((2, 9)))


@pytest.mark.parametrize("depth", [1, 1000, 4095, 4097, 8191])
@pytest.mark.parametrize("out", ["INT8", "INT16"])
def test_depths(depth, out):
    """In int8 TFLM ends the process where the exponentials sum to 512 or more."""
    shape = (1, depth)
    noise, spike = samples(shape)[0], samples(shape)[4]
    fine = samples(shape) if out == "INT16" or depth < 512 else [noise, spike]
    assert_exact(softmax_model(shape, 2.0 if out == "INT8" else 0.02, out=out), fine)


@pytest.mark.parametrize("equal", [255, 256, 300, 500, 511])
def test_smallest_shares(equal):
    """Shares of about 1/256, the least that int8 can show; `equal` values hold all of the sum."""
    row = np.where(np.arange(1000) < equal, 100, -128).astype(np.int8)
    assert_exact(softmax_model((1, 1000), 2.0), [[row.reshape(1, 1000)]])


def test_all_shares_too_small_for_int8():
    (got,) = HostModel(softmax_model((1, 1000), 0.02)).run([np.zeros((1, 1000), np.int8)])
    assert (got == -128).all()


def test_in_place():
    host = assert_exact(softmax_model((1, 64)))
    assert host.arena.arena_bytes == 64


@pytest.mark.parametrize(
    "change, rule",
    [
        (dict(dtype="FLOAT32", out="INT8"), "or float32 to float32"),
        (dict(out_scale=1 / 128), "scale 1/256 and zero point -128"),
        (dict(out_zero=0), "scale 1/256 and zero point -128"),
        (dict(in_scale=2.0**-27), "above 2\\^-26"),
        (dict(shape=(1, 8192)), "at most 8191"),
    ],
)
def test_refused(change, rule):
    with pytest.raises(UnsupportedError, match=rule):
        api.load_graph(softmax_model(**({"shape": (1, 4)} | change)))
