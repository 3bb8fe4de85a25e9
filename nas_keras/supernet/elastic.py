"""Layers whose width, kernel and presence are tensors, so one traced function serves every architecture.

Weight sharing, as published for MCUNet: fewer expanded channels are the first ones, a smaller
kernel is the centre of the largest, a shallower stage is its first blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
import tensorflow as tf

from nas_keras.space.arch import HW
from nas_keras.supernet.plain import BN_EPSILON


class Mode(Enum):
    """What batch norm does: use the batch's statistics, also average them in, or use the average."""

    TRAIN = "train"
    CALIBRATE = "calibrate"
    INFER = "infer"


@dataclass(frozen=True)
class BatchNorm:
    """Batch norm over the first `width` of its channels. `seen` counts the batches averaged so far."""

    gamma: tf.Variable
    beta: tf.Variable
    mean: tf.Variable
    variance: tf.Variable

    @classmethod
    def create(cls, channels: int, name: str) -> "BatchNorm":
        one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        return cls(
            tf.Variable(one, name=f"{name}/gamma"), tf.Variable(zero, name=f"{name}/beta"),
            tf.Variable(zero, trainable=False, name=f"{name}/mean"), tf.Variable(one, trainable=False, name=f"{name}/variance"),
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
class ElasticBlock:
    """An MBConv block of up to `max_channels` expanded channels and kernels up to that of `depthwise`.

    expand   (1, 1, in, max) or None for the block that has no expansion.
    depthwise   (rows, columns, max, 1).   project   (1, 1, max, out).
    """

    stride: int
    residual: bool
    expand: tf.Variable | None
    expand_norm: BatchNorm | None
    depthwise: tf.Variable
    depthwise_norm: BatchNorm
    project: tf.Variable
    project_norm: BatchNorm

    @classmethod
    def create(
        cls, rng: np.random.Generator, name: str, *, in_channels: int, max_channels: int, out_channels: int,
        kernel: HW, stride: int, expands: bool,
    ) -> "ElasticBlock":
        def conv(label: str, *shape: int) -> tf.Variable:
            fan_in = math.prod(shape[:2]) * (1 if label == "depthwise" else shape[2])
            value = rng.normal(0, math.sqrt(2 / fan_in), shape).astype(np.float32)
            return tf.Variable(value, name=f"{name}/{label}")

        return cls(
            stride, stride == 1 and in_channels == out_channels,
            conv("expand", 1, 1, in_channels, max_channels) if expands else None,
            BatchNorm.create(max_channels, f"{name}/expand_bn") if expands else None,
            conv("depthwise", *kernel, max_channels, 1), BatchNorm.create(max_channels, f"{name}/depthwise_bn"),
            conv("project", 1, 1, max_channels, out_channels), BatchNorm.create(out_channels, f"{name}/project_bn"),
        )

    @property
    def out_channels(self) -> int:
        return self.project.shape[3]

    def __call__(self, x: tf.Tensor, mid: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, mode: Mode, seen: tf.Tensor) -> tf.Tensor:
        """NHWC in and out; `mid` expanded channels, a kernel of `rows` x `columns`, all int32 scalars."""
        h = x
        if self.expand is not None:
            h = tf.nn.conv2d(h, self.expand[..., :mid], 1, "SAME")
            h = tf.nn.relu6(self.expand_norm(h, mid, mode, seen))
        h = tf.raw_ops.DepthwiseConv2dNative(
            input=h, filter=self.kernel(mid, rows, columns), strides=[1, self.stride, self.stride, 1], padding="SAME"
        )
        h = tf.nn.relu6(self.depthwise_norm(h, mid, mode, seen))
        h = tf.nn.conv2d(h, self.project[:, :, :mid], 1, "SAME")
        h = self.project_norm(h, self.out_channels, mode, seen)
        return h + x if self.residual else h

    def kernel(self, mid: tf.Tensor | int, rows: tf.Tensor | int, columns: tf.Tensor | int) -> tf.Tensor:
        """The centre of the largest depthwise kernel, first `mid` channels."""
        top, left = (self.depthwise.shape[0] - rows) // 2, (self.depthwise.shape[1] - columns) // 2
        return self.depthwise[top:top + rows, left:left + columns, :mid]

    def sort_channels(self) -> None:
        """Reorder expanded channels by the L1 norm of what reads them, largest first; the function stays the same."""
        order = np.argsort(-np.abs(self.project.numpy()[0, 0]).sum(axis=1), kind="stable")
        if self.expand is None:
            return
        self.expand.assign(self.expand.numpy()[..., order])
        self.depthwise.assign(self.depthwise.numpy()[:, :, order])
        self.project.assign(self.project.numpy()[:, :, order])
        for norm in (self.expand_norm, self.depthwise_norm):
            for variable in norm.variables():
                variable.assign(variable.numpy()[order])

    def variables(self) -> Iterator[tf.Variable]:
        for weight, norm in ((self.expand, self.expand_norm), (self.depthwise, self.depthwise_norm), (self.project, self.project_norm)):
            if weight is not None:
                yield weight
                yield from norm.variables()
