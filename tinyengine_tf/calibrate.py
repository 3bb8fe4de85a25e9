"""Measure kernels in QEMU and write costs/CORE.json: python -m tinyengine_tf.calibrate --core cortex-m4

Random layers of many kinds and sizes are generated, run a few dozen at a time with a tick after each layer, and the
instructions of all layers that one kernel (and variant) computed are fitted by non-negative least squares of the
relative error. Needs numpy, the core's compiler and QEMU; takes minutes.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import app, flags

from tinyengine_tf.build import compile_network
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.emulate import run
from tinyengine_tf.ir import DType, Graph, Op, Quant, Tensor
from tinyengine_tf.kernels.cost import Features, features, variant
from tinyengine_tf.memory.arena import plan_arena
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.pool2d import AveragePool2D, MaxPool2D
from tinyengine_tf.ops.quantize import Dequantize, Quantize
from tinyengine_tf.ops.reduce import Mean
from tinyengine_tf.ops.softmax import Softmax
from tinyengine_tf.ops.window import Window
from tinyengine_tf.output import write_folder
from tinyengine_tf.schedule import Goal, build
from tinyengine_tf.target import Target, load_target

LAYERS_PER_RUN = 24
MACS_LIMIT = 2_000_000
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")

_CORE = flags.DEFINE_multi_enum("core", None, CORES, "core to measure; may be repeated; default all")
_LAYERS = flags.DEFINE_integer("layers", 40, "layers of each kind", lower_bound=4)
_OUT = flags.DEFINE_string("out", str(Path(__file__).parent / "costs"), "folder of the tables")


class Sampler:
    """Random layers of the sizes that small networks have."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self._count = 0

    def pick(self, *choices: int) -> int:
        return int(self.rng.choice(choices))

    def activation(self, shape: Sequence[int], dtype: DType = DType.INT8) -> Tensor:
        self._count += 1
        quant = Quant((float(np.float32(self.rng.uniform(0.02, 0.1))),), (int(self.rng.integers(-128, 100)),))
        return Tensor(f"t{self._count}", tuple(shape), dtype, None if dtype is DType.FLOAT32 else quant)

    def constant(self, shape: Sequence[int], dtype: DType, channels: int = 0, axis: int = 0) -> Tensor:
        high = 127 if dtype is DType.INT8 else 2000
        data = self.rng.integers(-high, high + 1, shape).astype(dtype.numpy)
        scales = tuple(float(np.float32(s)) for s in self.rng.uniform(0.001, 0.02, channels))
        return Tensor("c", tuple(shape), dtype, Quant(scales, (0,) * channels, axis) if channels else None, True, data)

    def image(self) -> tuple[int, int]:
        return self.pick(3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24), self.pick(3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32)

    def channels(self) -> int:
        return self.pick(8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 5, 11, 14, 27, 33, 47)

    def clamp(self) -> tuple[int, int]:
        return [(-128, 127), (-128, 90), (-20, 127)][self.pick(0, 1, 2)]

    def window(self, k: HW, h: int, w: int, stride: int) -> tuple[Window, HW]:
        out = HW(-(-h // stride), -(-w // stride))
        top, left = (max((o - 1) * stride + n - i, 0) // 2 for o, n, i in zip(out, k, (h, w), strict=True))
        return Window(k, HW(stride, stride), HW(1, 1), top, left), out

    def dense(self, k: HW, stride: int, cin: int) -> Op:
        h, w = self.image()
        cout = self.channels()
        window, out = self.window(k, h, w, stride)
        return Conv2D(
            inputs=(
                self.activation((1, h, w, cin)),
                self.constant((cout, *k, cin), DType.INT8, cout),
                self.constant((cout,), DType.INT32),
            ),
            outputs=(self.activation((1, *out, cout)),),
            window=window,
            clamp=self.clamp(),
        )

    def depthwise(self, k: int, stride: int) -> Op:
        (h, w), c = self.image(), self.channels()
        window, out = self.window(HW(k, k), h, w, stride)
        return DepthwiseConv2D(
            inputs=(
                self.activation((1, h, w, c)),
                self.constant((1, k, k, c), DType.INT8, c, 3),
                self.constant((c,), DType.INT32),
            ),
            outputs=(self.activation((1, *out, c)),),
            window=window,
            clamp=self.clamp(),
        )

    def fully_connected(self) -> Op:
        n, m = self.pick(8, 16, 64, 100, 128, 256, 640), self.pick(2, 3, 8, 10, 12, 64, 128)
        return FullyConnected(
            inputs=(self.activation((1, n)), self.constant((m, n), DType.INT8, m), self.constant((m,), DType.INT32)),
            outputs=(self.activation((1, m)),),
            clamp=(-128, 127),
        )

    def add(self) -> Op:
        shape = (1, *self.image(), self.channels())
        return Binary(
            inputs=(self.activation(shape), self.activation(shape)),
            outputs=(self.activation(shape),),
            function="ADD",
            clamp=self.clamp(),
        )

    def scale_channels(self) -> Op:
        shape = (1, *self.image(), self.channels())
        gates = self.activation((1, 1, 1, shape[3]))
        return Binary(
            inputs=(self.activation(shape), gates), outputs=(self.activation(shape),), function="MUL", clamp=(-128, 127)
        )

    def lookup(self) -> Op:
        shape = (1, *self.image(), self.channels())
        table = tuple(int(v) for v in self.rng.integers(-128, 128, 256))
        return Lookup(
            inputs=(self.activation(shape),), outputs=(self.activation(shape),), table=table, function="LOGISTIC"
        )

    def mean(self) -> Op:
        shape = (1, *self.image(), self.channels())
        return Mean(inputs=(self.activation(shape),), outputs=(self.activation((1, shape[3])),), axes=frozenset({1, 2}))

    def pool(self, cls: type, whole: bool) -> Op:
        (h, w), c = self.image(), self.channels()
        k = HW(h, w) if whole else HW(2, 2)
        out = HW(1, 1) if whole else HW(h // 2, w // 2)
        x, y = self.activation((1, h, w, c)), self.activation((1, *out, c))
        return cls(inputs=(x,), outputs=(Tensor(y.name, y.shape, y.dtype, x.quant),), window=Window(k, HW(2, 2)))

    def softmax(self) -> Op:
        n = self.pick(2, 3, 10, 12, 35, 100)
        y = Tensor(f"s{n}", (1, n), DType.INT8, Quant((1 / 256,), (-128,)))
        return Softmax(inputs=(self.activation((1, n)),), outputs=(y,), beta=1.0)

    def quantize(self) -> Op:
        shape = (1, *self.image(), self.pick(1, 3, 8))
        return Quantize(inputs=(self.activation(shape, DType.FLOAT32),), outputs=(self.activation(shape),))

    def dequantize(self) -> Op:
        shape = (1, *self.image(), self.pick(1, 3, 8))
        return Dequantize(inputs=(self.activation(shape),), outputs=(self.activation(shape, DType.FLOAT32),))

    def kinds(self) -> Iterator[Callable[[], Op]]:
        """One maker per kind of layer."""
        yield lambda: self.dense(HW(1, 1), 1, self.channels())
        yield lambda: self.dense(HW(1, 1), 2, self.channels())
        yield from (lambda s=s, c=c: self.dense(HW(3, 3), s, c) for s in (1, 2) for c in (1, 3))
        yield from (
            lambda k=k, s=s: self.dense(HW(k, k), s, self.pick(8, 16, 24, 32, 64)) for k, s in ((3, 1), (3, 2), (5, 1))
        )
        yield lambda: self.dense(HW(10, 4), 2, 1)
        yield from (lambda k=k, s=s: self.depthwise(k, s) for k in (3, 5, 7) for s in (1, 2))
        yield from (
            self.fully_connected,
            self.add,
            self.scale_channels,
            self.lookup,
            self.mean,
            self.softmax,
            self.quantize,
            self.dequantize,
        )
        yield from (lambda c=c, g=g: self.pool(c, g) for c in (AveragePool2D, MaxPool2D) for g in (False, True))


@dataclass(frozen=True)
class Measurement:
    kernel: str
    variant: str
    features: Features
    instructions: int


def measure(target: Target, ops: Sequence[Op]) -> list[Measurement]:
    """Run independent layers as one program; instructions of each."""
    inputs = tuple(t for op in ops for t in op.data_inputs)
    graph = Graph("calibration", inputs, tuple(op.output for op in ops), tuple(ops))
    graph.verify()
    arena = plan_arena(build(graph, target, Goal()), exact=False)
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf.") as folder:
        write_folder(render(arena, Options(trace=True, tick=True)), Path(folder) / "c")
        program = compile_network(Path(folder) / "c", target, Path(folder) / "build")
        rng = np.random.default_rng(0)
        sample = [rng.integers(-128, 128, t.shape).astype(t.dtype.numpy) for t in inputs]
        spent = run(program, [sample], trace=True).layer_instructions[0]
    return [
        Measurement(
            x.kernel.name,
            variant(x.op),
            features(x.op, x.calls if x.layout.windows is not None and not x.layout.flat else 1),
            spent[x.index],
        )
        for x in arena.schedule.layers
    ]


def fit(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Non-negative coefficients of least relative error."""
    names = sorted({n for m in measurements for n in m.features})
    y = np.array([m.instructions for m in measurements], float)
    x = np.array([[m.features.get(n, 0.0) for n in names] for m in measurements]) / y[:, None]
    found = non_negative_least_squares(x, np.ones(len(y)))
    return {n: float(f"{c:.6g}") for n, c in zip(names, found, strict=True) if c > 0}


def non_negative_least_squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """argmin |a x - b| over x >= 0: the active-set method of Lawson and Hanson (1974)."""
    scale = np.maximum(np.linalg.norm(a, axis=0), 1e-300)
    a = a / scale
    x, free = np.zeros(a.shape[1]), np.zeros(a.shape[1], bool)
    for _ in range(10 * a.shape[1]):
        gradient = np.where(free, -np.inf, a.T @ (b - a @ x))
        if gradient.max() < 1e-9:
            break
        free[int(gradient.argmax())] = True
        while True:
            solution = np.zeros_like(x)
            solution[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
            if (solution[free] > 0).all():
                x = solution
                break
            falling = free & (solution <= 0)
            step = (x[falling] / (x[falling] - solution[falling])).min()
            x = x + step * (solution - x)
            free &= x > 1e-12
            x[~free] = 0.0
    return x / scale


def calibrate(target: Target, layers: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """Coefficients per kernel and per kernel and variant."""
    sampler = Sampler(seed)
    ops = []
    for make in sampler.kinds():
        while len(found := [op for op in (make() for _ in range(layers)) if op.macs < MACS_LIMIT]) < layers // 2:
            pass
        ops.extend(found)
    sampler.rng.shuffle(ops)  # type: ignore[arg-type]
    groups: dict[str, list[Measurement]] = defaultdict(list)
    for begin in range(0, len(ops), LAYERS_PER_RUN):
        print(f"\r{target.name}: {begin} of {len(ops)} layers", end="", flush=True)
        for m in measure(target, ops[begin : begin + LAYERS_PER_RUN]):
            groups[m.kernel].append(m)
            if m.variant:
                groups[f"{m.kernel} {m.variant}"].append(m)
    print(f"\r{target.name}: {len(ops)} layers measured")
    table = {}
    for name, measured in sorted(groups.items()):
        if " " in name and len(measured) < layers // 4:
            continue  # a variant seen too rarely: the kernel's own coefficients serve it
        table[name] = fit(measured)
        predicted = [sum(table[name].get(n, 0.0) * v for n, v in m.features.items()) for m in measured]
        errors = np.array(predicted) / [m.instructions for m in measured] - 1
        print(
            f"  {name:48} {len(measured):4} layers, error {100 * np.abs(errors).mean():5.1f} % mean, {100 * np.abs(errors).max():5.1f} % worst"
        )
    return table


def main(argv: Sequence[str]) -> None:
    for core in _CORE.value or CORES:
        table = calibrate(load_target(core), _LAYERS.value)
        text = {"core": core, "compiler": "GCC 12.2 -O2", "unit": "instructions executed", "kernels": table}
        Path(_OUT.value, f"{core}.json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app.run(main)
