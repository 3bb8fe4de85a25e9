"""Predicted instructions of a layer, from a table of measured kernels.

`costs/CORE.json` holds, per kernel (and variant, such as "3x3s1"), coefficients for the features below, fitted to
layers that ran in QEMU; `python -m tinyengine_tf.calibrate` measures them again. A prediction is the sum of
coefficient times feature. Instructions executed, not cycles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import Kernel
from tinyengine_tf.ops.conv2d import Conv2D, WeightedOp
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.pool2d import Pool2D

Features = Mapping[str, float]
Coefficients = Mapping[str, Features]

UNMEASURED: Features = {"call": 60.0, "read": 2.0, "out": 12.0, "mac": 7.0}
"""Portable C of middling speed, for kernels that nobody has measured on a core."""


def variant(op: Op) -> str:
    """What kernels are specialised for beyond sizes: the window."""
    if isinstance(op, Conv2D | DepthwiseConv2D | Pool2D):
        w = op.window
        return f"{w.kernel.h}x{w.kernel.w}s{w.stride.w}"
    return getattr(op, "function", "")


def features(op: Op, calls: int) -> Features:
    """What the work of a layer is made of when its kernel is called `calls` times.

    call    calls of the kernel
    pixel   output pixels (elements over channels)
    out     output elements;  read  input elements that are looked at
    mac     multiply-accumulates;  macN  the same with N pixels at a time, a group of less than N counting as N
    pair    (dense) the same with inputs in fours and outputs in pairs
    """
    out = op.output.elements
    found = {"call": float(calls), "out": float(out), "read": float(sum(t.elements for t in op.data_inputs))}
    if isinstance(op, WeightedOp):
        channels = op.out_channels
        pixels = out // channels
        depth = op.macs / out
        found |= {"pixel": float(pixels), "mac": float(op.macs), "read": pixels * depth}
        if not isinstance(op, DepthwiseConv2D):
            for n in (2, 3, 4):
                found[f"mac{n}"] = calls * -(-pixels // (calls * n)) * n * depth * channels
            found["pair"] = pixels * (-(-depth // 4) * 4) * (-(-channels // 2) * 2)
            found["sixteen"] = pixels * (-(-depth // 16) * 16) * (-(-channels // 4) * 4)
        else:
            found |= {"read": float(op.input.elements), "four": pixels * (-(-channels // 4) * 4) * depth}
    elif isinstance(op, Pool2D):
        found["read"] = float(out * op.window.kernel.h * op.window.kernel.w)
    return found


@lru_cache(maxsize=16)
def coefficients(core: str) -> Coefficients:
    """The table of a core, empty if it was never measured."""
    path = resources.files("tinyengine_tf").joinpath("costs").joinpath(f"{core}.json")
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return table["kernels"]


def predict(core: str, kernel: Kernel, op: Op, calls: int) -> float:
    """Instructions of one layer on a core."""
    table = coefficients(core)
    fitted = table.get(f"{kernel.name} {variant(op)}") or table.get(kernel.name) or UNMEASURED
    have = features(op, calls)
    return sum(weight * have.get(name, 0.0) for name, weight in fitted.items())
