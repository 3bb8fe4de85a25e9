"""The kernels in C for cores without DSP, on emulated cores and the host against TFLM."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.batch import LINEAR, RELU, Batch, extremes, kernels
from tinyengine_tf import api
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.bundle import environment
from tinyengine_tf.lab import emulate, reference
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.verify import random_samples
from tinyengine_tf.output import write_folder
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import load_target

CORES = ("cortex-m0plus", "cortex-m3", "riscv32", "host")
POINTWISE, CONV, DEPTHWISE = "te_pointwise_s8", "te_conv2d_s8", "te_depthwise_conv2d_s8"


def run(batch: Batch, core: str, *names: str) -> None:
    """All layers are exact and ran in these kernels. On the host, also the kernels that other cores run."""
    ending = "_thumb1" if core == "cortex-m0plus" else "_block"
    if core == "host":
        batch.verify(core, sanitize=True)
        check_on_host(batch.builder.finish(), "cortex-m3")
    else:
        assert set(kernels(batch.verify(core))) == {name + ending for name in names}


def check_on_host(model: bytes, core: str, samples: list[list[np.ndarray]] | None = None) -> None:
    """C for another core, built with sanitizers and every warning an error."""
    graph = api.load_graph(model)
    samples = samples or random_samples(graph, 2, 0)
    with tempfile.TemporaryDirectory() as folder:
        write_folder(render(api.compile_graph(graph, load_target(core), Goal("speed")), Options()), Path(folder) / "c")
        program = compile_network(
            Path(folder) / "c", load_target("host"), Path(folder) / "build", sanitize=True, warnings=True
        )
        got = emulate.run(program, samples).outputs
    for outputs, wanted in zip(got, reference.run(model, samples), strict=True):
        assert [o.tobytes() for o in outputs] == [np.ascontiguousarray(w).tobytes() for w in wanted]


@pytest.mark.parametrize("core", CORES)
def test_every_form_of_requantisation(core: str) -> None:
    batch = Batch(seed=1)
    for act in (LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)):
        for spread in (1.0, 8.0):
            batch.conv((3, 3, 8), 7, act=act, spread=spread)
            batch.conv((3, 5, 4), 3, (3, 3), act=act, spread=spread, factor=0.3)
            batch.conv((4, 4, 3), 3, (3, 3), depthwise=True, act=act, spread=spread)
    run(batch, core, POINTWISE, CONV, DEPTHWISE)


@pytest.mark.parametrize("core", CORES)
def test_pointwise_of_any_shape(core: str) -> None:
    """Every remainder of channels, filters and pixels."""
    batch = Batch(seed=2)
    for channels, filters, pixels in (
        (1, 1, 1),
        (1, 2, 3),
        (2, 3, 2),
        (3, 4, 5),
        (5, 8, 1),
        (6, 5, 4),
        (7, 6, 3),
        (131, 7, 2),
    ):
        batch.conv((pixels, 1, channels), filters, act=RELU if pixels % 2 else LINEAR)
    batch.conv((3, 3, 8), 4, batch=2)
    batch.fully_connected(1, 24, 7)
    batch.fully_connected(4, 9, 3)
    run(batch, core, POINTWISE)


@pytest.mark.parametrize("core", CORES)
def test_convolutions_of_any_geometry(core: str) -> None:
    batch = Batch(seed=3)
    for channels in (1, 3, 4):
        batch.conv((6, 7, channels), 3, (3, 3), act=RELU)
        batch.conv((7, 8, channels), 4, (3, 3), stride=(2, 2))
        batch.conv((7, 9, channels), 2, (2, 3), padding="VALID")
        batch.conv((9, 9, channels), 3, (3, 3), dilation=(2, 2))
        batch.conv((9, 9, channels), 3, (3, 2), dilation=(1, 3), padding="VALID")
        batch.conv((5, 2, channels), 5, (3, 5))
        batch.conv((6, 6, channels), 3, stride=(2, 2))
    batch.conv((20, 10, 1), 8, (10, 4), stride=(2, 2), act=RELU)
    batch.conv((4, 5, 8), 3, (3, 3), batch=2)
    run(batch, core, CONV)


@pytest.mark.parametrize("core", CORES)
def test_depthwise_of_any_geometry(core: str) -> None:
    batch = Batch(seed=4)
    for channels in (2, 5):
        for kernel in ((1, 1), (3, 3), (5, 5), (1, 5), (4, 1), (2, 7)):
            for stride in ((1, 1), (2, 2), (1, 3)):
                batch.conv(
                    (7, 11, channels),
                    channels,
                    kernel,
                    depthwise=True,
                    stride=stride,
                    act=RELU if stride[0] == 1 else LINEAR,
                )
        batch.conv((7, 9, channels), channels, (3, 3), depthwise=True, padding="VALID")
        batch.conv((9, 8, channels), channels, (3, 3), depthwise=True, dilation=(2, 1))
    batch.conv((7, 7, 2), 2, (7, 7), depthwise=True)
    batch.conv((4, 2, 3), 3, (3, 5), depthwise=True)
    batch.conv((4, 5, 8), 8, (3, 3), depthwise=True, batch=2)
    run(batch, core, DEPTHWISE)


@pytest.mark.parametrize("core", CORES)
def test_elementwise(core: str) -> None:
    """Either operand the one with the larger scale, equal and distant scales, clamps, broadcast."""
    batch = Batch(seed=7)
    for function in ("ADD", "SUB", "MUL"):
        for sa, sb in ((0.1, 0.1), (0.1, 0.03), (0.021, 0.5), (0.2, 0.0001), (0.013, 0.012)):
            out = sa * sb * 90 if function == "MUL" else max(sa, sb) * 1.7
            batch.binary(function, (1, 3, 5, 4), (1, 3, 5, 4), (sa, sb, out), (-5, 7, 3))
            batch.binary(function, (1, 2, 41), (1, 2, 41), (sa, sb, out), (127, -128, -128), "RELU")
            batch.binary(function, (1, 3, 2, 5), (5,), (sa, sb, out), (-128, 20, -10), "RELU6")
            batch.binary(function, (1, 2, 8), (1, 2, 8), (sa, sb, out * 0.6), (-128, 127, 0), "RELU")
    ending = "_thumb1" if core == "cortex-m0plus" else "_short"
    assert kernels(batch.verify(core, sanitize=core == "host")).count(f"te_binary_s8{ending}") >= 57


def test_channels_that_never_change() -> None:
    batch = Batch(seed=5)
    for core_weights in ((6, 1, 1, 24), (6, 3, 3, 3)):
        weights = batch.rng.integers(-127, 128, core_weights).astype(np.int8)
        weights[::2] = 0
        weights[1] = 1
        batch.conv((3, 3, core_weights[-1]), 6, core_weights[1:3], weights=weights, act=RELU, factor=1e4)
        batch.conv((3, 3, core_weights[-1]), 6, core_weights[1:3], weights=weights)
    run(batch, "cortex-m0plus", POINTWISE, CONV)


def test_what_is_left_to_others() -> None:
    """Multipliers of 0.5 and more, sums that are too large, dilated or grouped windows: exact, by other kernels."""
    batch = Batch(seed=6)
    batch.conv((3, 3, 8), 4, factor=1e-3)
    batch.conv((1, 3, 700), 2, weights=np.full((2, 1, 1, 700), 127, np.int8))
    batch.conv((5, 9, 3), 3, (3, 3), depthwise=True, dilation=(1, 2))
    batch.conv((5, 9, 3), 6, (3, 3), depthwise=True)
    batch.conv((5, 9, 3), 3, (9, 1), depthwise=True)
    assert set(kernels(batch.verify("cortex-m3"))) == {POINTWISE, DEPTHWISE}


def test_sums_that_only_the_bias_keeps_small() -> None:
    """The sum of weight * -128 is beyond -2**23, 256 times it beyond 32 bits."""
    batch = Batch(seed=1)
    weights = np.full((1, 1, 1, 517), 127, np.int8)
    weights[..., -1] = 8
    batch.conv((1, 2, 517), 1, weights=weights, input_zero=0)
    assert kernels(batch.verify("cortex-m3", inputs=extremes(batch))) == [POINTWISE]
    check_on_host(batch.builder.finish(), "cortex-m3", extremes(batch))


def test_high_half_of_products_of_halves(tmp_path: Path) -> None:
    """te_high for Armv6-M equals the 64-bit product where its parts are largest, smallest and in between."""
    text = environment().get_template("c/short_requantize_thumb1.c.j2").render()
    (tmp_path / "high.c").write_text(
        f"#include <stdint.h>\n{text}\nint32_t high(int32_t a, int32_t b) {{ return te_high(a, b); }}\n"
    )
    library = tmp_path / "high.so"
    flags = [
        "-std=c99",
        "-O1",
        "-fsanitize=undefined",
        "-fno-sanitize-recover=all",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
    ]
    subprocess.run(["gcc", *flags, "-shared", "-fPIC", str(tmp_path / "high.c"), "-o", str(library)], check=True)
    high = ctypes.CDLL(str(library)).high
    high.restype = ctypes.c_int32
    halves = (0, 1, 2, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF)
    words = [int(np.uint32(h << 16 | low).astype(np.int32)) for h in halves for low in halves]
    rng = np.random.default_rng(0)
    words += rng.integers(-(2**31), 2**31, 60).tolist()
    for a in words:
        for b in words:
            if b >= 0:
                assert high(ctypes.c_int32(a), ctypes.c_int32(b)) == a * b >> 32
