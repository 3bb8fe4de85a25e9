"""A second family, whole: fully connected networks on vectors. Nothing outside this file knows it.

A vector of n features is an input of n rows, one column, one channel. What is searched: how many hidden layers, and the
width of each. Smaller layers are the first neurons of larger ones.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from nas_keras.families.base import Family
from nas_keras.families.space import HW, Grid, Layout, Space
from nas_keras.families.space import Arch as BaseArch
from tinyengine_tf.ir import DType, Graph, Op, Quant, Tensor
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.ops.reshape import Reshape


@dataclass(frozen=True)
class VectorArch(BaseArch):
    input_shape: tuple[int, int, int]
    hidden: tuple[int, ...]
    classes: int

    def describe(self) -> str:
        return f"{math.prod(self.input_shape)}: {' '.join(map(str, self.hidden))} -> {self.classes}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def widths(self) -> tuple[int, ...]:
        """Of every layer, input and output included."""
        return (math.prod(self.input_shape), *self.hidden, self.classes)


@dataclass(frozen=True)
class VectorSpace(Space):
    layout: VectorLayout
    width: float
    resolution: HW

    @property
    def choices(self) -> tuple[int, ...]:
        return tuple(max(1, round(self.width * w)) for w in self.layout.widths)

    @property
    def size(self) -> int:
        return sum(len(self.choices) ** depth for depth in self.layout.depths)

    def build(self, hidden: Any) -> VectorArch:
        return VectorArch((*self.resolution, 1), tuple(int(w) for w in hidden), self.layout.classes)

    def sample(self, rng: np.random.Generator) -> VectorArch:
        return self.build(rng.choice(self.choices, size=int(rng.choice(self.layout.depths))))

    def mutate(self, arch: VectorArch, rng: np.random.Generator, probability: float) -> VectorArch:
        fresh = self.sample(rng)
        depth = len((fresh if rng.random() < probability else arch).hidden)
        kept = (*arch.hidden, *fresh.hidden[len(arch.hidden) :])[:depth]
        return self.build([rng.choice(self.choices) if rng.random() < probability else w for w in kept])

    def cross(self, mother: VectorArch, father: VectorArch, rng: np.random.Generator) -> VectorArch:
        first, second = (mother, father) if rng.random() < 0.5 else (father, mother)
        pairs = zip(first.hidden, (*second.hidden, *first.hidden[len(second.hidden) :]), strict=False)
        return self.build([pair[int(rng.integers(2))] for pair in pairs])

    def largest(self) -> VectorArch:
        return self.build([max(self.choices)] * max(self.layout.depths))

    def smallest(self) -> VectorArch:
        return self.build([min(self.choices)] * min(self.layout.depths))


@dataclass(frozen=True)
class VectorLayout(Layout):
    family: ClassVar[str] = "vector"

    classes: int
    widths: tuple[int, ...] = (8, 16, 24)
    depths: tuple[int, ...] = (1, 2)

    def space(self, width: float, resolution: HW) -> VectorSpace:
        return VectorSpace(self, width, resolution)


class VectorFamily(Family):
    name: ClassVar[str] = "vector"

    def grid_for(self, input_shape: tuple[int, int, int], classes: int) -> Grid:
        return Grid(VectorLayout(classes), (0.5, 1.0), (input_shape[:2],))

    def arch_from_json(self, value: dict[str, Any]) -> VectorArch:
        return VectorArch(tuple(value["input_shape"]), tuple(value["hidden"]), value["classes"])

    def graph(self, arch: VectorArch) -> Graph:
        source = Tensor("input", (1, *arch.input_shape), DType.INT8, Quant((1.0,), (0,)))
        x = Tensor("flat", (1, arch.widths[0]), DType.INT8, source.quant)
        ops: list[Op] = [Reshape(inputs=(source,), outputs=(x,))]
        for index, width in enumerate(arch.widths[1:]):
            inner = index < len(arch.hidden)
            y = Tensor(f"d{index}", (1, width), DType.INT8, Quant((0.05,), (-128 if inner else 3,)))
            shape = (width, x.shape[1])
            weights = Tensor(f"w{index}", shape, DType.INT8, Quant((0.005,) * width, (0,) * width, 0), const=True)
            bias = Tensor(f"b{index}", (width,), DType.INT32, Quant((1e-4,) * width, (0,) * width), const=True)
            ops.append(FullyConnected(inputs=(x, weights, bias), outputs=(y,)))
            x = y
        return Graph("vector", (source,), (x,), tuple(ops))

    def model(self, arch: VectorArch) -> Any:
        import tf_keras
        from tf_keras import layers

        inputs = layers.Input(arch.input_shape, name="input")
        x = layers.Flatten(name="flat")(inputs)
        for index, width in enumerate(arch.hidden):
            x = layers.Dense(width, activation="relu", name=f"d{index}")(x)
        return tf_keras.Model(inputs, layers.Dense(arch.classes, name="logits")(x), name="net")

    def supernet(self, space: VectorSpace, seed: int) -> Any:
        import tensorflow as tf

        from nas_keras.families.supernet import Mode, SuperNet

        family = self

        class VectorNet(SuperNet):
            def __init__(self) -> None:
                rng, widths = np.random.default_rng(seed), space.largest().widths
                # The classifier reads whichever layer is the last: it has as many rows as the widest.
                self.layers = []
                for index, (rows, columns) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
                    value = rng.normal(0, math.sqrt(2 / rows), (rows, columns)).astype(np.float32)
                    weight = tf.Variable(value, name=f"w{index}")
                    self.layers.append((weight, tf.Variable(np.zeros(columns, np.float32), name=f"b{index}")))
                super().__init__(space)

            @property
            def variables(self) -> list[tf.Variable]:
                return [variable for layer in self.layers for variable in layer]

            def encode(self, arch: VectorArch) -> np.ndarray:
                most = len(self.layers) - 1
                return np.array([len(arch.hidden), *arch.hidden, *[0] * (most - len(arch.hidden))], np.int32)

            def __call__(self, x: tf.Tensor, choice: tf.Tensor, mode: Mode, seen: tf.Tensor | float = 0.0) -> tf.Tensor:
                x = tf.reshape(x, (-1, self.layers[0][0].shape[0]))
                for index, (weight, bias) in enumerate(self.layers[:-1]):
                    y = tf.nn.relu(x @ weight + bias) * tf.cast(tf.range(weight.shape[1]) < choice[1 + index], x.dtype)
                    x = y if index == 0 else tf.where(choice[0] > index, y, x)
                weight, bias = self.layers[-1]
                return x @ weight + bias

            def extract(self, arch: VectorArch) -> Any:
                model = family.model(arch)
                names = [*(f"d{i}" for i in range(len(arch.hidden))), "logits"]
                chosen = [*self.layers[: len(arch.hidden)], self.layers[-1]]
                for name, (weight, bias), rows, columns in zip(
                    names, chosen, arch.widths[:-1], arch.widths[1:], strict=True
                ):
                    model.get_layer(name).set_weights([weight.numpy()[:rows, :columns], bias.numpy()[:columns]])
                return model

        return VectorNet()
