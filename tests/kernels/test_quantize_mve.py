"""QUANTIZE from float32 with Helium on the emulated core against TFLM: halves, their neighbours, saturation, NaN."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.kernels.elementwise.quantize_mve import corrected, is_exact, to_float32
from tinyengine_tf.lab.verify import build_and_run
from tinyengine_tf.target import load_target

CORE, KERNEL = "cortex-m55", "te_quantize_f32_mve"


def quantize_model(count: int, scale: float, zero: int) -> bytes:
    b = ModelBuilder()
    x = b.input((1, count), "FLOAT32")
    y = b.tensor((1, count), scale=scale, zero_point=zero)
    b.op("QUANTIZE", [x], [y])
    b.output(y)
    return b.finish()


@pytest.mark.parametrize(
    ("count", "scale", "zero"),
    [(1203, 0.1, -3), (7, 1 / 3, 127), (602, 1e-3, -128), (601, 255.0, 0), (1201, 0.0078431377, -1)],
)
def test_quantize(count: int, scale: float, zero: int) -> None:
    halves = (0.5 * (np.arange(count) - count // 2)).astype(np.float32) * np.float32(scale)
    rng = np.random.default_rng(0)
    samples = [halves, np.nextafter(halves, np.float32(np.inf)), np.nextafter(halves, np.float32(-np.inf))]
    samples += [rng.normal(0, size * scale, count).astype(np.float32) for size in (4, 100, 1e6)]
    samples += [(rng.normal(0, 1, count) * 10.0 ** rng.uniform(-45, 0, count)).astype(np.float32)]
    result = api.verify(quantize_model(count, scale, zero), target=CORE, inputs=[[s[None]] for s in samples])
    assert result.exact, str(result.difference)
    assert [layer.kernel.name for layer in result.arena.schedule.layers] == [KERNEL]


def test_what_is_no_number(tmp_path: Path) -> None:
    """Infinities and what divides into them saturate, NaN becomes the zero point; TFLM leaves this to the compiler."""
    arena = api.compile_graph(api.load_graph(quantize_model(6, 0.01, -3)), load_target(CORE))
    values = np.array([[np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-40]], np.float32)
    result = build_and_run(arena, tmp_path, [[values]])
    assert result.outputs[0][0].view(np.int8).tolist() == [127, -128, -3, 127, -128, -3]


def test_nearest_float() -> None:
    rng = np.random.default_rng(1)
    for value in rng.normal(0, 1, 200) * 10.0 ** rng.uniform(-20, 20, 200):
        assert to_float32(Fraction(value)) == float(np.float32(value))


def test_most_scales_are_exact() -> None:
    """And where the check says so, inputs all over the range give the quotient."""
    rng = np.random.default_rng(2)
    scales = [float(np.float32(s)) for s in np.exp(rng.uniform(-7, 2, 30))]
    assert sum(map(is_exact, scales)) > 20
    for scale in filter(is_exact, scales[:10]):
        s = np.float32(scale)
        for x in (rng.uniform(-200, 200, 200) * scale).astype(np.float32):
            assert round_half_away(corrected(x, s)) == round_half_away(float(x / s))


def round_half_away(x: float) -> int:
    return int(np.copysign(np.floor(abs(x) + 0.5), x))
