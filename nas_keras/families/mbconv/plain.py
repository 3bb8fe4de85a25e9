"""Arch -> a plain functional tf_keras model: what is fine-tuned, quantised and exported.

Input float32 (batch, rows, columns, channels) as `data.Coding` encodes it, output logits.
Layer names are stable (`b03_depthwise`, `b03_depthwise_bn`, ...), so weights can be carried over.
"""

from __future__ import annotations

import tf_keras
from tf_keras import layers

from nas_keras.families.mbconv.arch import Arch, PlacedBlock

BN_EPSILON = 1e-3
BN_MOMENTUM = 0.9  # tf_keras's 0.99 needs thousands of steps, more than a short fine-tune on a small data set has


def build_model(arch: Arch, *, dropout: float = 0.0, name: str = "net") -> tf_keras.Model:
    """The network of `arch` with fresh weights, not compiled."""
    inputs = layers.Input(arch.input_shape, name="input")
    x = layers.Conv2D(
        arch.stem.channels,
        arch.stem.kernel,
        arch.stem.stride,
        "same",
        use_bias=False,
        kernel_initializer="he_normal",
        name="stem_conv",
    )(inputs)
    x = _norm_relu(x, "stem_conv")
    for index, placed in enumerate(arch.placed()):
        x = _block(x, placed, f"b{index:02d}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return tf_keras.Model(inputs, layers.Dense(arch.classes, name="logits")(x), name=name)


def _block(inputs, placed: PlacedBlock, name: str):
    block, x = placed.block, inputs
    if placed.expands:
        x = _pointwise(x, block.mid_channels, f"{name}_expand")
        x = _norm_relu(x, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        block.kernel, block.stride, "same", use_bias=False, depthwise_initializer="he_normal", name=f"{name}_depthwise"
    )(x)
    x = _norm_relu(x, f"{name}_depthwise")
    x = _pointwise(x, block.out_channels, f"{name}_project")
    x = layers.BatchNormalization(momentum=BN_MOMENTUM, epsilon=BN_EPSILON, name=f"{name}_project_bn")(x)
    return layers.Add(name=f"{name}_add")([inputs, x]) if placed.residual else x


def _pointwise(x, channels: int, name: str):
    return layers.Conv2D(channels, 1, use_bias=False, kernel_initializer="he_normal", name=name)(x)


def _norm_relu(x, name: str):
    x = layers.BatchNormalization(momentum=BN_MOMENTUM, epsilon=BN_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)
