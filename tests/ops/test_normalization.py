"""L2_NORMALIZATION and LOG_SOFTMAX, equal to TFLM bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError

OUTPUT = {"L2_NORMALIZATION": (1 / 128, 0), "LOG_SOFTMAX": (16 / 256, 127)}
OPCODES = tuple(OUTPUT)
Shape = tuple[int, ...]


def model(
    opcode: str,
    shape: Shape,
    scale: float = 0.1,
    zero_point: int = 3,
    out: tuple[float, int] | None = None,
    **options: Any,
) -> bytes:
    b = ModelBuilder(opcode.lower())
    x = b.input(shape, scale=scale, zero_point=zero_point)
    out_scale, out_zero = out or OUTPUT[opcode]
    y = b.tensor(shape, scale=out_scale, zero_point=out_zero)
    b.op(opcode, [x], [y], version=2, **options)
    b.output(y)
    return b.finish()


def samples(shape: Shape, zero_point: int = 3) -> list[list[np.ndarray]]:
    """Noise; all zero; the ends of the range; one value far above the rest; every distance from it; lengths near 1."""
    rng = np.random.default_rng(len(shape))
    spike = np.full(shape, -128)
    spike[..., 0] = 127
    ramp = 127 - np.arange(np.prod(shape)).reshape(shape) % 256
    short = np.full(shape, zero_point)
    short[..., -1] += 1 if zero_point < 127 else -1
    flat = (np.full(shape, value) for value in (zero_point, -128, 127))
    noise = (*rng.integers(-128, 128, (2, *shape)), rng.integers(-3, 4, shape))
    return [[np.clip(a, -128, 127).astype(np.int8)] for a in (*noise, *flat, spike, ramp, short)]


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(OPCODES),
    st.floats(2.0**-12, 2.0, width=32),
    st.integers(-128, 127),
    st.sampled_from([(1, 2), (1, 10), (3, 7), (1, 256), (2, 3, 2, 5), (4,), (1, 1)]),
)
def test_exact(opcode: str, scale: float, zero_point: int, shape: Shape) -> None:
    assert_exact(model(opcode, shape, scale, zero_point), samples(shape, zero_point))


@pytest.mark.parametrize("scale", [2.0**-24, 1e-6, 20.0, 33.0, 1e4])
def test_extreme_scales(scale: float) -> None:
    assert_exact(model("LOG_SOFTMAX", (2, 9), scale), samples((2, 9)))


@pytest.mark.parametrize(
    "opcode, depth", [*((o, d) for o in OPCODES for d in (1000, 4095)), ("L2_NORMALIZATION", 33025)]
)
def test_depths(opcode: str, depth: int) -> None:
    for zero_point in (-128, 0):
        assert_exact(model(opcode, (1, depth), 0.02, zero_point), samples((1, depth), zero_point))


@pytest.mark.parametrize("opcode", OPCODES)
def test_in_place(opcode: str) -> None:
    assert assert_exact(model(opcode, (1, 64))).arena.arena_bytes == 64


@pytest.mark.parametrize(
    "opcode, change, rule",
    [
        ("L2_NORMALIZATION", {"out": (1 / 64, 0)}, "scale 1/128 and zero point 0"),
        ("L2_NORMALIZATION", {"shape": (1, 33026)}, "at most 33025"),
        ("L2_NORMALIZATION", {"shape": (1, 1, 1, 1, 4)}, "one to four dimensions"),
        ("L2_NORMALIZATION", {"fused_activation_function": "RELU"}, "no fused activation"),
        ("LOG_SOFTMAX", {"out": (1 / 16, 0)}, "scale 1/16 and zero point 127"),
        ("LOG_SOFTMAX", {"shape": (1, 4096)}, "at most 4095"),
        ("LOG_SOFTMAX", {"scale": 2.0**-26}, "above 2\\^-25"),
    ],
)
def test_refused(opcode: str, change: dict[str, Any], rule: str) -> None:
    with pytest.raises(UnsupportedError, match=rule):
        api.load_graph(model(**{"opcode": opcode, "shape": (1, 4), **change}))
