"""QUANTIZE from float32 on an emulated core with an FPU against TFLM: halves, their neighbours, saturation."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tinyengine_tf import api

KERNEL = "te_quantize_f32_dsp"


@pytest.mark.parametrize(
    ("count", "scale", "zero"),
    [(1203, 0.1, -3), (7, 1 / 3, 127), (602, 1e-3, -128), (601, 255.0, 0), (4 << 15, 0.1, 0)],
)
def test_quantize(count: int, scale: float, zero: int) -> None:
    b = ModelBuilder()
    x = b.input((1, count), "FLOAT32")
    y = b.tensor((1, count), scale=scale, zero_point=zero)
    b.op("QUANTIZE", [x], [y])
    b.output(y)
    halves = (0.5 * (np.arange(count) - count // 2)).astype(np.float32) * np.float32(scale)
    rng = np.random.default_rng(0)
    samples = [halves, np.nextafter(halves, np.float32(np.inf)), np.nextafter(halves, np.float32(-np.inf))]
    samples += [rng.normal(0, size * scale, count).astype(np.float32) for size in (4, 100, 1e6)]
    result = api.verify(b.finish(), target="cortex-m4", inputs=[[s[None]] for s in samples])
    assert result.exact, str(result.difference)
    assert [layer.kernel.name for layer in result.arena.schedule.layers] == [KERNEL]


def test_it_needs_an_fpu() -> None:
    b = ModelBuilder()
    x, y = b.input((1, 5), "FLOAT32"), b.tensor((1, 5), scale=0.1, zero_point=0)
    b.op("QUANTIZE", [x], [y])
    b.output(y)
    for core in ("cortex-m3", "host"):
        result = api.estimate(b.finish(), target=core)
        assert [layer.kernel.name for layer in result.arena.schedule.layers] == ["te_quantize_f32"]


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
def test_compiling_it_without_an_fpu_is_refused_in_a_sentence(tmp_path: Path) -> None:
    b = ModelBuilder()
    x, y = b.input((1, 5), "FLOAT32"), b.tensor((1, 5), scale=0.1, zero_point=0)
    b.op("QUANTIZE", [x], [y])
    b.output(y)
    api.convert(b.finish(), tmp_path, target="cortex-m4")
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-fsyntax-only", str(tmp_path / "src/net.c")]
    hard = ["-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    assert subprocess.run([*command, *hard], capture_output=True).returncode == 0
    refused = subprocess.run([*command, "-mfloat-abi=soft"], capture_output=True, text=True)
    assert refused.returncode != 0 and "generated for a core with an FPU" in refused.stderr
