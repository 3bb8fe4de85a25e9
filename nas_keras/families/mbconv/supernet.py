"""The super-network: every member of a Space in one set of weights."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
import tf_keras

from nas_keras.families import supernet
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.elastic import BatchNorm, ElasticBlock
from nas_keras.families.mbconv.plain import build_model
from nas_keras.families.mbconv.space import Space
from nas_keras.families.supernet import Mode


class SuperNet(supernet.SuperNet):
    """Weights for all of `space`; `seed` decides the initial ones."""

    space: Space

    def __init__(self, space: Space, seed: int = 0):
        rng = np.random.default_rng((seed, 1))
        stem, largest = space.stem, space.largest()
        shape = (*stem.kernel, largest.input_shape[2], stem.channels)
        self.stem = tf.Variable(
            rng.normal(0, math.sqrt(2 / math.prod(shape[:3])), shape).astype(np.float32), name="stem"
        )
        self.stem_norm = BatchNorm.create(stem.channels, "stem_bn")
        self.stages: list[list[ElasticBlock]] = []
        placed = largest.placed()
        for s, blocks in enumerate(largest.stages):
            stage = []
            for b, (block, here) in enumerate(zip(blocks, placed, strict=False)):
                stage.append(
                    ElasticBlock.create(
                        rng,
                        f"s{s}b{b}",
                        in_channels=here.in_channels,
                        max_channels=block.mid_channels,
                        out_channels=block.out_channels,
                        kernel=block.kernel,
                        stride=block.stride,
                        expands=here.expands,
                    )
                )
            self.stages.append(stage)
        features, classes = largest.features, largest.classes
        self.logits = tf.Variable(
            rng.normal(0, math.sqrt(1 / features), (features, classes)).astype(np.float32), name="logits"
        )
        self.bias = tf.Variable(np.zeros(classes, np.float32), name="bias")
        super().__init__(space)

    @property
    def variables(self) -> list[tf.Variable]:
        blocks = [v for stage in self.stages for block in stage for v in block.variables()]
        return [self.stem, *self.stem_norm.variables(), *blocks, self.logits, self.bias]

    def encode(self, arch: Arch) -> np.ndarray:
        """int32 vector: depth of each stage, then (expanded channels, kernel rows, kernel columns) of each block.

        Blocks that `arch` does not have repeat the largest choice; they are never run.
        """
        self.space.genes(arch)
        vector = [len(stage) for stage in arch.stages[1:]]
        for ours, theirs in zip(self.space.largest().stages[1:], arch.stages[1:], strict=True):
            for position, block in enumerate(ours):
                block = theirs[position] if position < len(theirs) else block
                vector += [block.mid_channels, *block.kernel]
        return np.array(vector, np.int32)

    def __call__(self, x: tf.Tensor, choice: tf.Tensor, mode: Mode, seen: tf.Tensor | float = 0.0) -> tf.Tensor:
        """Logits (batch, classes) of encoded inputs for one encoded architecture; for use inside a tf.function."""
        stem = self.space.stem
        seen = tf.cast(seen, tf.float32)
        x = tf.nn.conv2d(x, self.stem, stem.stride, "SAME")
        x = tf.nn.relu6(self.stem_norm(x, stem.channels, mode, seen))
        first = self.space.smallest().blocks[0]
        x = self.stages[0][0](x, first.mid_channels, *first.kernel, mode, seen)
        at = len(self.stages) - 1
        for index, (stage, layout) in enumerate(zip(self.stages[1:], self.space.layout.stages, strict=True)):
            for position, block in enumerate(stage):
                gene = choice[at : at + 3]
                at += 3
                if position < min(layout.depths):
                    x = block(x, gene[0], gene[1], gene[2], mode, seen)
                else:
                    x = _if(choice[index] > position, block, x, gene, mode, seen)
        return tf.reduce_mean(x, axis=[1, 2]) @ self.logits + self.bias

    def sort_channels(self) -> None:
        """Put the most important expanded channels of every block first. The largest network computes the same."""
        for stage in self.stages:
            for block in stage:
                block.sort_channels()

    def extract(self, arch: Arch) -> tf_keras.Model:
        """A plain model with this network's share of the weights and the averages of the last calibration."""
        self.space.genes(arch)
        model = build_model(arch)
        _copy(model, "stem_conv", self.stem.numpy(), self.stem_norm, arch.stem.channels)
        blocks = [
            block for stage, theirs in zip(self.stages, arch.stages, strict=True) for block in stage[: len(theirs)]
        ]
        for index, (block, placed) in enumerate(zip(blocks, arch.placed(), strict=True)):
            name, mid = f"b{index:02d}", placed.block.mid_channels
            if block.expand is not None:
                _copy(model, f"{name}_expand", block.expand.weight.numpy()[..., :mid], block.expand.norm, mid)
            kernel = block.kernel(mid, *placed.block.kernel).numpy()
            _copy(model, f"{name}_depthwise", kernel, block.depthwise.norm, mid)
            project = block.project.weight.numpy()[:, :, :mid]
            _copy(model, f"{name}_project", project, block.project.norm, placed.block.out_channels)
        model.get_layer("logits").set_weights([self.logits.numpy(), self.bias.numpy()])
        return model


def _if(
    present: tf.Tensor, block: ElasticBlock, x: tf.Tensor, gene: tf.Tensor, mode: Mode, seen: tf.Tensor
) -> tf.Tensor:
    """`block` where the stage is deep enough, else `x` as it is."""
    y = tf.cond(present, lambda: block(x, gene[0], gene[1], gene[2], mode, seen), lambda: x)
    return tf.ensure_shape(y, x.shape)


def _copy(model: tf_keras.Model, layer: str, weight: np.ndarray, norm: BatchNorm, width: int) -> None:
    """Set a convolution and the batch norm behind it."""
    model.get_layer(layer).set_weights([weight])
    model.get_layer(f"{layer}_bn").set_weights([v.numpy()[:width] for v in norm.variables()])
