"""float32 functions: tables equal to TFLM where exporters leave them between int8 layers, else computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.exact import HostModel, assert_exact
from tests.modelgen import ModelBuilder
from tinyengine_tf.ops.float_function import ARITHMETIC, TRANSCENDENTAL

EVERY = [[np.arange(-128, 128).astype(np.int8).reshape(1, 256)]]
OPTIONS: dict[str, dict[str, Any]] = {"LEAKY_RELU": {"alpha": 0.3}}
POSITIVE = {"SQRT", "RSQRT", "LOG"}  # elsewhere NaN or infinity, whose quantisation C leaves undefined


def defined(zero_point: int, *functions: str) -> list[list[np.ndarray]]:
    """Every input for which the functions are numbers."""
    return [[np.maximum(EVERY[0][0], min(zero_point + 1, 127))]] if POSITIVE & {*functions} else EVERY


def model(
    *functions: str,
    quantised: bool = True,
    scale: float = 0.06,
    zero_point: int = -5,
    out_scale: float = 0.03,
    dequantised: bool = True,
) -> bytes:
    """int8 -> DEQUANTIZE -> functions -> QUANTIZE -> int8, or without one of the ends."""
    b = ModelBuilder("island")
    at = b.input((1, 256), **({"scale": scale, "zero_point": zero_point} if dequantised else {"dtype": "FLOAT32"}))
    for function in ("DEQUANTIZE", *functions) if dequantised else functions:
        y = b.tensor((1, 256), "FLOAT32")
        b.op(function, [at], [y], **OPTIONS.get(function, {}))
        at = y
    if quantised:
        y = b.tensor((1, 256), scale=out_scale, zero_point=7)
        b.op("QUANTIZE", [at], [y])
        at = y
    b.output(at)
    return b.finish()


def kinds(host: HostModel) -> list[str]:
    return [layer.op.KIND for layer in host.arena.schedule.layers]


@pytest.mark.parametrize("function", [*ARITHMETIC, *TRANSCENDENTAL])
@pytest.mark.parametrize("scale, zero_point", [(0.06, -5), (0.013, -128), (0.5, 126), (1e-3, 0)])
def test_between_int8(function: str, scale: float, zero_point: int) -> None:
    host = assert_exact(model(function, scale=scale, zero_point=zero_point), defined(zero_point, function))
    assert kinds(host) in (["Lookup " + f"{function} QUANTIZE"], [])


@pytest.mark.parametrize(
    "functions", [(), ("SQUARE", "NEG", "EXP"), ("TANH", "LEAKY_RELU"), ("RELU6", "SQRT", "EXP")], ids=str
)
def test_chains(functions: tuple[str, ...]) -> None:
    assert len(kinds(assert_exact(model(*functions), defined(-5, *functions)))) == 1


@pytest.mark.parametrize("function", ARITHMETIC)
def test_float_results(function: str) -> None:
    """What IEEE 754 defines to the bit may stay float32."""
    assert kinds(assert_exact(model(function, quantised=False), defined(-5, function))) == [f"Table {function}"]


@pytest.mark.parametrize("function", sorted({*ARITHMETIC} - POSITIVE))
def test_of_floats(function: str) -> None:
    odd = np.resize(np.array([0.0, -0.0, 1e-45, 3e38, -3e38, np.inf, -np.inf, 6.5, -1.5], np.float32), (1, 256))
    assert_exact(model(function, dequantised=False, quantised=False), [[odd], [odd[:, ::-1] * np.float32(0.7)]])


def shared_by_several() -> bytes:
    """One dequantised tensor, read by an index, two functions and an output."""
    b = ModelBuilder("shared")
    x = b.input((4, 8), scale=0.1, zero_point=3)
    f, g, h = (b.tensor((4, 8), "FLOAT32") for _ in range(3))
    b.op("DEQUANTIZE", [x], [f])
    b.op("LEAKY_RELU", [f], [g], alpha=0.3)
    b.op("MUL", [f, g], [h], fused_activation_function="RELU6")
    y, i = b.tensor((4, 8), scale=0.05, zero_point=0), b.tensor((4,), "INT32")
    b.op("QUANTIZE", [h], [y])
    b.op("ARG_MAX", [f, b.const(np.array(1, np.int32))], [i], output_type="INT32")
    b.output(y, i, f)
    return b.finish()


def test_several_readers() -> None:
    host = assert_exact(shared_by_several(), count=5)
    assert (
        next(layer.op.input.dtype.tflite_name for layer in host.arena.schedule.layers if layer.op.KIND == "ArgExtreme")
        == "INT8"
    )


def read_by(reader: str) -> bytes:
    """ELU whose result goes to QUANTIZE and to another reader."""
    b = ModelBuilder("readers")
    x = b.input((4, 8), scale=0.1, zero_point=3)
    f, g, h = (b.tensor((4, 8), "FLOAT32") for _ in range(3))
    y, z = (b.tensor((4, 8), scale=scale, zero_point=0) for scale in (0.05, 0.07))
    b.op("DEQUANTIZE", [x], [f])
    b.op("ELU", [f], [g])
    b.op("QUANTIZE", [g], [y])
    if reader == "ARG_MAX":
        h = b.tensor((4,), "INT32")
        b.op(reader, [g, b.const(np.array(1, np.int32))], [h], output_type="INT32")
        b.output(y, h)
        return b.finish()
    if reader == "MUL":
        b.op(reader, [f, g], [h])
    elif reader != "output":
        b.op(reader, [g], [h])
    if reader in ("MUL", "EXP"):
        b.op("QUANTIZE", [h], [z])
    b.output(y, {"output": g, "SQUARE": h}.get(reader, z))
    return b.finish()


def test_every_reader_counts() -> None:
    """Computed floats, floats that are shown and indices could tell C libraries apart; integers of tables cannot."""
    for reader in ("MUL", "SQUARE", "ARG_MAX", "output"):
        assert "float32 ELU" in kinds(HostModel(read_by(reader)))
    assert len(kinds(assert_exact(read_by("EXP")))) == 2


def test_last_bits_at_a_tie() -> None:
    """exp(x) within a few units of the last place of a half step: the integer depends on who computes it."""
    value = np.exp(np.float64(np.float32(0.06) * np.float32(-20.0)))
    tie = float(np.float32(value / 3.5))
    assert "float32 EXP" in kinds(HostModel(model("EXP", out_scale=tie)))
    assert_exact(model("EXP", out_scale=tie * 1.0001))


def test_certain_values_at_a_tie() -> None:
    """exp(0) is 1 and ELU of a positive number is that number everywhere: half steps there are no reason to refuse."""
    assert_exact(model("EXP", scale=0.06, out_scale=0.4))
    assert_exact(model("ELU", scale=0.0625, out_scale=0.125))


@pytest.mark.parametrize("dequantised", [True, False], ids=["of int8", "of floats"])
@pytest.mark.parametrize("function", sorted(TRANSCENDENTAL))
def test_of_the_c_library(function: str, dequantised: bool) -> None:
    """Bits that depend on a C library are computed by the one that is there."""
    assert kinds(assert_exact(model(function, dequantised=dequantised, quantised=False)))[-1] == f"float32 {function}"
