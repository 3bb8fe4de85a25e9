"""Layers whose width, kernel and presence are tensors, so one traced function serves every architecture.

Weight sharing, as published for MCUNet: fewer expanded channels are the first ones, a smaller
kernel is the centre of the largest, a shallower stage is its first blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from nas_keras.families.mbconv.plain import BN_EPSILON
from nas_keras.families.space import HW
from nas_keras.families.supernet import Mode


@dataclass(frozen=True)
class BatchNorm:
    """Batch norm over the first `width` of its channels. `seen` counts the batches averaged so far."""

    gamma: tf.Variable
    beta: tf.Variable
    mean: tf.Variable
    variance: tf.Variable

    @classmethod
    def create(cls, channels: int, name: str) -> BatchNorm:
        one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        return cls(
            tf.Variable(one, name=f"{name}/gamma"),
            tf.Variable(zero, name=f"{name}/beta"),
            tf.Variable(zero, trainable=False, name=f"{name}/mean"),
            tf.Variable(one, trainable=False, name=f"{name}/variance"),
        )

    def __call__(self, x: tf.Tensor, width: tf.Tensor | int, mode: Mode, seen: tf.Tensor) -> tf.Tensor:
        gamma, beta = self.gamma[:width], self.beta[:width]
        if mode is Mode.INFER:
            mean, variance = self.mean[:width], self.variance[:width]
            return tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, mean, variance, BN_EPSILON, is_training=False)[0]
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=BN_EPSILON, is_training=True)
        if mode is Mode.CALIBRATE:
            for average, value in ((self.mean, mean), (self.variance, variance)):
                kept = average[:width] * (seen / (seen + 1)) + value / (seen + 1)
                average.assign(tf.concat([kept, average[width:]], axis=0))
        return y

    def variables(self) -> Iterator[tf.Variable]:
        yield from (self.gamma, self.beta, self.mean, self.variance)


@dataclass(frozen=True)
class Normed:
    """A convolution's weight and the batch norm behind it."""

    weight: tf.Variable
    norm: BatchNorm

    @classmethod
    def create(cls, rng: np.random.Generator, name: str, shape: tuple[int, ...], fan_in: int) -> Normed:
        """He-normal weights; the norm is over the channels of `shape`, the last but one of a depthwise kernel."""
        value = rng.normal(0, math.sqrt(2 / fan_in), shape).astype(np.float32)
        channels = shape[3] if shape[3] > 1 else shape[2]
        return cls(tf.Variable(value, name=name), BatchNorm.create(channels, f"{name}_bn"))

    def variables(self) -> Iterator[tf.Variable]:
        yield self.weight
        yield from self.norm.variables()


@dataclass(frozen=True)
class ElasticBlock:
    """An MBConv block of up to `max_channels` expanded channels and kernels up to that of `depthwise`.

    Weights: expand (1, 1, in, max), None for the block that has no expansion; depthwise
    (rows, columns, max, 1); project (1, 1, max, out).
    """

    stride: int
    residual: bool
    expand: Normed | None
    depthwise: Normed
    project: Normed

    @classmethod
    def create(
        cls,
        rng: np.random.Generator,
        name: str,
        *,
        in_channels: int,
        max_channels: int,
        out_channels: int,
        kernel: HW,
        stride: int,
        expands: bool,
    ) -> ElasticBlock:
        expand = (1, 1, in_channels, max_channels)
        return cls(
            stride,
            stride == 1 and in_channels == out_channels,
            Normed.create(rng, f"{name}/expand", expand, in_channels) if expands else None,
            Normed.create(rng, f"{name}/depthwise", (*kernel, max_channels, 1), math.prod(kernel)),
            Normed.create(rng, f"{name}/project", (1, 1, max_channels, out_channels), max_channels),
        )

    @property
    def out_channels(self) -> int:
        return self.project.weight.shape[3]

    def __call__(
        self, x: tf.Tensor, mid: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, mode: Mode, seen: tf.Tensor
    ) -> tf.Tensor:
        """NHWC in and out; `mid` expanded channels, a kernel of `rows` x `columns`, all int32 scalars."""
        h = x
        if self.expand is not None:
            h = tf.nn.conv2d(h, self.expand.weight[..., :mid], 1, "SAME")
            h = tf.nn.relu6(self.expand.norm(h, mid, mode, seen))
        h = tf.raw_ops.DepthwiseConv2dNative(
            input=h, filter=self.kernel(mid, rows, columns), strides=[1, self.stride, self.stride, 1], padding="SAME"
        )
        h = tf.nn.relu6(self.depthwise.norm(h, mid, mode, seen))
        h = tf.nn.conv2d(h, self.project.weight[:, :, :mid], 1, "SAME")
        h = self.project.norm(h, self.out_channels, mode, seen)
        return h + x if self.residual else h

    def kernel(self, mid: tf.Tensor | int, rows: tf.Tensor | int, columns: tf.Tensor | int) -> tf.Tensor:
        """The centre of the largest depthwise kernel, first `mid` channels."""
        weight = self.depthwise.weight
        top, left = (weight.shape[0] - rows) // 2, (weight.shape[1] - columns) // 2
        return weight[top : top + rows, left : left + columns, :mid]

    def sort_channels(self) -> None:
        """Reorder expanded channels by the L1 norm of what reads them, largest first; the function stays the same."""
        if self.expand is None:
            return
        order = np.argsort(-np.abs(self.project.weight.numpy()[0, 0]).sum(axis=1), kind="stable")
        for variable, axis in ((self.expand.weight, 3), (self.depthwise.weight, 2), (self.project.weight, 2)):
            variable.assign(np.take(variable.numpy(), order, axis))
        for variable in (*self.expand.norm.variables(), *self.depthwise.norm.variables()):
            variable.assign(variable.numpy()[order])

    def variables(self) -> Iterator[tf.Variable]:
        for part in (self.expand, self.depthwise, self.project):
            if part is not None:
                yield from part.variables()
