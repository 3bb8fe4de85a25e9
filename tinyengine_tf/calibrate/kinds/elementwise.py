"""Elementwise layers of all functions and types, with and without broadcasting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tinyengine_tf.calibrate.layers import Maker, Sampler
from tinyengine_tf.ir import DType, Op, Quant, Tensor
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.cast import FROM, TO, Cast
from tinyengine_tf.ops.comparison import Comparison
from tinyengine_tf.ops.float_function import FloatFunction, FloatTable
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.quantize import Dequantize, Quantize
from tinyengine_tf.ops.running_sum import AddN
from tinyengine_tf.ops.select import Select

FEW = 0.36
"""Of a function whose work is the same for every element: enough for a fit of its own."""
INT8_CLAMP, INT32_CLAMP = (-128, 127), (-(2**31), 2**31 - 1)
REAL = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM")
FLOAT_FUNCTIONS = ("ABS", "NEG", "SQUARE", "RELU", "RELU6", "LEAKY_RELU")
COMPARED = (DType.INT8, DType.INT8, DType.INT32, DType.FLOAT32, DType.BOOL)


def kinds(s: Sampler) -> Iterator[tuple[float, Maker]]:
    scaled = ("ADD", "SUB", "MUL", "PRELU", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM")
    yield from ((2 * FEW, lambda f=f: binary(s, f, DType.INT8)) for f in scaled)
    yield from ((FEW / 3, lambda f=f: binary(s, f, DType.INT32)) for f in REAL if f != "DIV")
    yield from ((FEW / 3, lambda f=f: binary(s, f, DType.FLOAT32)) for f in REAL)
    yield 1.2, lambda: comparison(s)
    yield 0.6, lambda: select(s)
    yield 0.6, lambda: add_n(s)
    yield from ((0.08, lambda a=a, b=b: cast(s, a, b)) for a in FROM for b in TO)
    yield from ((0.4, lambda m=m: m(s)) for m in (clamp, flip_sign, table, wide_quantize, other_dequantize))
    yield from ((FEW, lambda f=f: float_function(s, f)) for f in FLOAT_FUNCTIONS)


def typed(s: Sampler, shape: tuple[int, ...], dtype: DType) -> Tensor:
    t = s.activation(shape, dtype)
    return t if dtype is DType.INT8 else Tensor(t.name, t.shape, dtype)


def shapes(s: Sampler) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of two operands: equal, or one of them a scalar, a value a channel, or one a pixel."""
    a = s.small_shape()
    b = [a, a, a, (1,), (1, 1, 1, a[3]), (*a[:3], 1)][s.pick(*range(6))]
    return (a, b) if s.pick(0, 1, 1) or b == a else (b, a)


def binary(s: Sampler, function: str, dtype: DType) -> Op:
    first, second = shapes(s)
    a, b = typed(s, first, dtype), typed(s, second, dtype)
    out = typed(s, max(first, second, key=math.prod), dtype)
    clamp: tuple[float, float] = {DType.INT8: INT8_CLAMP, DType.INT32: INT32_CLAMP}.get(dtype, (-math.inf, math.inf))
    if dtype is DType.INT8 and function in ("MAXIMUM", "MINIMUM"):
        b, out = (Tensor(t.name, t.shape, dtype, a.quant) for t in (b, out))
    return Binary(inputs=(a, b), outputs=(out,), function=function, clamp=clamp)


def comparison(s: Sampler) -> Op:
    dtype = COMPARED[s.pick(*range(len(COMPARED)))]
    first, second = shapes(s)
    functions = ("LOGICAL_AND", "LOGICAL_OR") if dtype is DType.BOOL else ("EQUAL", "LESS", "GREATER_EQUAL")
    out = Tensor(f"e{s.number()}", max(first, second, key=math.prod), DType.BOOL)
    operands = (typed(s, first, dtype), typed(s, second, dtype))
    return Comparison(inputs=operands, outputs=(out,), function=functions[s.pick(*range(len(functions)))])


def select(s: Sampler) -> Op:
    first, second = shapes(s)
    dtype = (DType.INT8, DType.INT16, DType.FLOAT32)[s.pick(0, 1, 2)]
    x = typed(s, max(first, second, key=math.prod), dtype)
    condition = Tensor(f"e{s.number()}", first, DType.BOOL)
    y, out = (Tensor(f"e{s.number()}", shape, dtype, x.quant) for shape in (second, x.shape))
    return Select(inputs=(condition, x, y), outputs=(out,))


def add_n(s: Sampler) -> Op:
    dtype = (DType.INT8, DType.FLOAT32)[s.pick(0, 1)]
    x = typed(s, s.small_shape(), dtype)
    others = tuple(Tensor(f"e{s.number()}", x.shape, dtype, x.quant) for _ in range(s.pick(1, 2, 3)))
    quant = Quant((x.scale * 2,), (3,)) if dtype is DType.INT8 else None
    return AddN(inputs=(x, *others), outputs=(Tensor(f"e{s.number()}", x.shape, dtype, quant),))


def cast(s: Sampler, source: DType, to: DType) -> Op:
    shape = s.small_shape()
    return Cast(inputs=(typed(s, shape, source),), outputs=(typed(s, shape, to),))


def looked_up(s: Sampler, x: Tensor, dtype: DType, values: Sequence[int], function: str) -> Op:
    out = Tensor(f"e{s.number()}", x.shape, dtype, x.quant)
    return Lookup(inputs=(x,), outputs=(out,), table=tuple(values), function=function)


def clamp(s: Sampler) -> Op:
    x, low = s.activation(s.small_shape()), s.pick(-128, -20, 0)
    return looked_up(s, x, DType.INT8, np.clip(np.arange(-128, 128), low, s.pick(60, 127)).tolist(), "RELU6")


def flip_sign(s: Sampler) -> Op:
    shape = s.small_shape()
    if s.pick(0, 1):
        return looked_up(s, s.activation(shape), DType.UINT8, range(256), "QUANTIZE")
    x = s.activation(shape, DType.UINT8, zero=s.pick(0, 128))
    return looked_up(s, x, DType.INT8, range(-128, 128), "QUANTIZE")


def table(s: Sampler) -> Op:
    shape, values = s.small_shape(), s.rng.normal(0, 1, 256)
    out = Tensor(f"e{s.number()}", shape, DType.FLOAT32)
    return FloatTable(inputs=(s.activation(shape),), outputs=(out,), table=tuple(map(float, values)), function="EXP")


def float_function(s: Sampler, function: str) -> Op:
    shape = s.small_shape()
    x, out = (typed(s, shape, DType.FLOAT32) for _ in range(2))
    return FloatFunction(inputs=(x,), outputs=(out,), function=function, alpha=0.25)


def wide_quantize(s: Sampler) -> Op:
    shape = s.small_shape()
    out = s.activation(shape, DType.INT16, 1e-3, 0)
    return Quantize(inputs=(typed(s, shape, DType.FLOAT32),), outputs=(out,))


def other_dequantize(s: Sampler) -> Op:
    shape = s.small_shape()
    x = s.activation(shape, (DType.UINT8, DType.INT16)[s.pick(0, 1)], zero=0)
    return Dequantize(inputs=(x,), outputs=(typed(s, shape, DType.FLOAT32),))
