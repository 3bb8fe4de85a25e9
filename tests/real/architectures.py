"""Networks as people deploy them, built by tf_keras with random weights -> full-int8 .tflite files.

Every function in `ARCHITECTURES` returns an untrained model of small size. Imported only where TensorFlow is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf
import tf_keras as keras
from tf_keras import layers as L

Node = keras.KerasTensor if hasattr(keras, "KerasTensor") else object
ARCHITECTURES: dict[str, Callable[[], keras.Model]] = {}


def architecture(function: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
    ARCHITECTURES[function.__name__] = function
    return function


def normed(x: Node, activation: str | None = "relu6") -> Node:
    x = L.BatchNormalization()(x)
    return x if activation is None else L.ReLU(6.0)(x) if activation == "relu6" else L.Activation(activation)(x)


def pooled_head(x: Node, classes: int = 5) -> Node:
    return L.Dense(classes, "softmax")(L.GlobalAveragePooling2D()(x))


@architecture
def mobilenet_v1() -> keras.Model:
    return keras.applications.MobileNet((64, 64, 3), alpha=0.25, weights=None, classes=5)


@architecture
def mobilenet_v2() -> keras.Model:
    return keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, weights=None, classes=5)


@architecture
def mobilenet_v3() -> keras.Model:
    """Squeeze and excite, hard swish."""
    return keras.applications.MobileNetV3Small((64, 64, 3), alpha=0.75, weights=None, classes=5)


@architecture
def resnet() -> keras.Model:
    """Strided shortcuts, a padded stem, an image that is not square."""
    inputs = x = L.Input((33, 47, 3))
    x = normed(L.Conv2D(8, 7, 2)(L.ZeroPadding2D(3)(x)), "relu")
    x = L.MaxPool2D(3, 2)(L.ZeroPadding2D(1)(x))
    for channels, stride in ((8, 1), (16, 2), (16, 1), (32, 2)):
        y = normed(L.Conv2D(channels, 3, stride, "same", use_bias=False)(x), "relu")
        y = normed(L.Conv2D(channels, 3, 1, "same", use_bias=False)(y), None)
        x = L.Conv2D(channels, 1, stride)(x) if y.shape != x.shape else x
        x = L.ReLU()(L.add([x, y]))
    return keras.Model(inputs, pooled_head(x))


@architecture
def densenet() -> keras.Model:
    inputs = x = L.Input((24, 20, 2))
    x = L.Conv2D(8, 3, 1, "same")(x)
    for _ in range(2):
        for _ in range(3):
            y = L.Conv2D(8, 1)(normed(x, "relu"))
            x = L.concatenate([x, L.Conv2D(4, 3, 1, "same")(normed(y, "relu"))])
        x = L.AveragePooling2D(2, 2, "same")(L.Conv2D(x.shape[-1] // 2, 1)(x))
    return keras.Model(inputs, pooled_head(x))


@architecture
def inception() -> keras.Model:
    inputs = x = L.Input((28, 28, 3))
    x = L.Conv2D(8, 3, 2, "same", activation="relu")(x)
    for _ in range(2):
        wide = L.Conv2D(6, 3, 1, "same", activation="relu")(L.Conv2D(4, 1, activation="relu")(x))
        long = L.Conv2D(4, (1, 5), 1, "same")(L.Conv2D(4, (5, 1), 1, "same")(L.Conv2D(2, 1)(x)))
        x = L.concatenate([L.Conv2D(4, 1)(x), wide, long, L.Conv2D(4, 1)(L.MaxPool2D(3, 1, "same")(x))])
    return keras.Model(inputs, pooled_head(L.MaxPool2D(3, 2, "same")(x)))


@architecture
def shufflenet() -> keras.Model:
    """Grouped convolutions, channels shuffled by reshape and transpose, split in halves."""
    inputs = x = L.Input((32, 24, 3), batch_size=1)
    x = L.Conv2D(16, 3, 2, "same", activation="relu")(x)
    for stride in (2, 1, 1):
        left, right = tf.split(x, 2, axis=-1)
        left = L.DepthwiseConv2D(3, stride, "same")(left) if stride > 1 else left
        right = L.DepthwiseConv2D(3, stride, "same")(L.Conv2D(8, 1, groups=2, activation="relu")(right))
        rows, columns, channels = L.concatenate([left, right]).shape[1:]
        x = L.Reshape((rows, columns, 2, channels // 2))(L.concatenate([left, right]))
        x = L.Reshape((rows, columns, channels))(L.Permute((1, 2, 4, 3))(x))
    return keras.Model(inputs, pooled_head(x))


@architecture
def ghostnet() -> keras.Model:
    """Cheap features, a hard-sigmoid gate."""
    inputs = x = L.Input((40, 40, 3))
    x = normed(L.Conv2D(16, 3, 2, "same")(x), "relu")
    for channels, stride in ((16, 1), (24, 2), (24, 1)):
        y = normed(L.Conv2D(channels, 1)(x), "relu")
        y = L.concatenate([y, normed(L.DepthwiseConv2D(3, 1, "same")(y), "relu")])
        y = L.DepthwiseConv2D(3, stride, "same")(y)
        gate = L.Conv2D(2 * channels, 1)(L.Conv2D(8, 1, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(y)))
        y = L.Conv2D(channels, 1)(y * (L.ReLU(6.0)(gate + 3.0) * (1 / 6)))
        x = x + y if y.shape == x.shape else y
    return keras.Model(inputs, pooled_head(x))


def unet(up: Callable[[Node, int], Node]) -> keras.Model:
    inputs = x = L.Input((24, 32, 1))
    skips = []
    for channels in (8, 16):
        x = L.Conv2D(channels, 3, 1, "same", activation="relu")(x)
        skips.append(x)
        x = L.MaxPool2D(2)(x)
    for channels, skip in zip((16, 8), reversed(skips), strict=True):
        x = L.Conv2D(channels, 3, 1, "same", activation="relu")(L.concatenate([skip, up(x, channels)]))
    return keras.Model(inputs, L.Conv2D(3, 1, activation="softmax")(x))


@architecture
def unet_transposed() -> keras.Model:
    return unet(lambda x, channels: L.Conv2DTranspose(channels, 3, 2, "same")(x))


@architecture
def unet_bilinear() -> keras.Model:
    return unet(lambda x, channels: L.UpSampling2D(2, interpolation="bilinear")(x))


@architecture
def unet_depth_to_space() -> keras.Model:
    return unet(lambda x, channels: tf.nn.depth_to_space(L.Conv2D(4 * channels, 1)(x), 2))


@architecture
def detector() -> keras.Model:
    """Two scales, boxes and classes reshaped and joined, several outputs."""
    inputs = x = L.Input((64, 64, 3), batch_size=1)
    features = []
    for channels in (8, 16, 32, 32):
        x = L.LeakyReLU(0.1)(L.BatchNormalization()(L.Conv2D(channels, 3, 2, "same", use_bias=False)(x)))
        features.append(x)
    up = L.concatenate([L.UpSampling2D(2)(L.Conv2D(16, 1)(features[3])), features[2]])
    boxes = [L.Reshape((-1, 7))(L.Conv2D(21, 1)(f)) for f in (features[3], up)]
    joined = [L.concatenate([tf.sigmoid(b[..., :2]), L.ReLU()(b[..., 2:4]), tf.sigmoid(b[..., 4:])]) for b in boxes]
    return keras.Model(inputs, [L.Concatenate(axis=1)(joined), features[2]])


@architecture
def segmentation() -> keras.Model:
    """Context pooled to a pixel and resized, an index per pixel as output."""
    inputs = x = L.Input((32, 48, 3), batch_size=1)
    low = normed(L.Conv2D(8, 3, 2, "same")(x))
    x = normed(L.DepthwiseConv2D(3, padding="same", dilation_rate=2)(L.Conv2D(16, 3, 2, "same")(low)))
    context = tf.image.resize(
        L.Conv2D(8, 1, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x)), x.shape[1:3]
    )
    x = tf.image.resize(L.concatenate([L.Conv2D(8, 1)(x), context]), low.shape[1:3])
    x = L.Conv2D(4, 3, 1, "same")(L.concatenate([x, L.Conv2D(6, 1)(low)]))
    return keras.Model(inputs, tf.argmax(L.Resizing(32, 48)(x), -1, output_type=tf.int32))


@architecture
def keywords() -> keras.Model:
    inputs = x = L.Input((49, 10, 1))
    x = normed(L.Conv2D(24, (10, 4), 2, "same")(x), "relu")
    for _ in range(2):
        x = normed(L.Conv2D(24, 1)(normed(L.DepthwiseConv2D(3, 1, "same")(x), "relu")), "relu")
    return keras.Model(inputs, L.Dense(12, "softmax")(L.Flatten()(L.AveragePooling2D((25, 5))(x))))


@architecture
def temporal_convolutions() -> keras.Model:
    """Causal and dilated along time: padding, space to batch and back."""
    inputs = x = L.Input((48, 6), batch_size=1)
    for dilation in (1, 2, 4):
        y = L.Conv1D(12, 3, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = L.ReLU()(L.add([L.Conv1D(12, 1)(x) if x.shape[-1] != 12 else x, y]))
    return keras.Model(inputs, L.Dense(4, "softmax")(x[:, -1, :]))


@architecture
def autoencoder() -> keras.Model:
    inputs = x = L.Input((28, 28, 1))
    for channels in (8, 4):
        x = L.Conv2D(channels, 3, 2, "same", activation="relu")(x)
    x = L.Reshape((7, 7, 4))(L.Dense(196, "relu")(L.Dense(10)(L.Flatten()(x))))
    for channels in (4, 8):
        x = L.Conv2DTranspose(channels, 3, 2, "same", activation="relu")(x)
    return keras.Model(inputs, L.Conv2D(1, 3, 1, "same", activation="sigmoid")(x))


@architecture
def attention() -> keras.Model:
    """Products of computed matrices, softmax, layer normalisation."""
    inputs = x = L.Input((12, 8), batch_size=1)
    x = L.LayerNormalization()(x + L.MultiHeadAttention(2, 4)(x, x))
    x = L.LayerNormalization()(x + L.Dense(8)(L.Dense(16, "relu")(x)))
    return keras.Model(inputs, L.Dense(3, "softmax")(L.GlobalAveragePooling1D()(x)))


@architecture
def activations() -> keras.Model:
    """ELU stays float32 in the file; PReLU per channel and per element."""
    inputs = x = L.Input((16, 20, 3))
    alpha = keras.initializers.RandomUniform(-0.3, 0.4, seed=1)
    x = L.PReLU(shared_axes=[1, 2], alpha_initializer=alpha)(L.Conv2D(8, 3, 2, "same")(x))
    x = L.ELU()(L.DepthwiseConv2D(3)(x))
    x = L.LeakyReLU(0.3)(L.Conv2D(8, 1, activation="tanh")(x))
    x = L.PReLU(alpha_initializer=alpha)(L.Conv2D(4, 1, activation="hard_sigmoid")(x))
    return keras.Model(inputs, L.Dense(6, "elu")(L.Flatten()(x)))


@architecture
def odd_windows() -> keras.Model:
    """Pools and paddings of odd sizes, crops, multipliers, dilation, groups."""
    inputs = x = L.Input((19, 23, 4), batch_size=1)
    x = L.MaxPool2D((3, 2), (2, 3), "same")(x) + L.AveragePooling2D((3, 2), (2, 3), "same")(x)
    x = L.DepthwiseConv2D(3, depth_multiplier=3, padding="same", dilation_rate=2)(L.ZeroPadding2D(((1, 2), (0, 3)))(x))
    x = L.Conv2D(8, (2, 3), (3, 1), groups=4, activation="relu6")(L.Cropping2D(((1, 0), (2, 1)))(x))
    return keras.Model(inputs, [L.AveragePooling2D((2, 3), 1, "same")(x), L.GlobalMaxPooling2D()(x)])


@architecture
def one_row() -> keras.Model:
    inputs = x = L.Input((1, 40, 3))
    x = L.Conv2D(8, (1, 5), (1, 2), "same", activation="relu")(x)
    x = L.MaxPool2D((1, 2))(L.DepthwiseConv2D((1, 3), 1, "same")(x))
    return keras.Model(inputs, L.Dense(3)(L.Flatten()(L.Conv2D(8, 3, 2, "same")(x))))


@architecture
def intermediate_outputs() -> keras.Model:
    inputs = x = L.Input((12, 12, 4))
    first = L.Conv2D(4, 3, 1, "same", activation="relu")(x)
    second = L.add([first, inputs])
    last = L.DepthwiseConv2D(3, 1, "same")(L.ReLU()(second))
    return keras.Model(inputs, [first, second, last, L.Flatten()(last), L.GlobalAveragePooling2D()(second)])


@architecture
def two_inputs() -> keras.Model:
    """One network on two images, their difference with a vector."""
    left, right = L.Input((16, 16, 1), batch_size=1), L.Input((16, 16, 1), batch_size=1)
    shared = keras.Sequential([L.Conv2D(4, 3, 2, activation="relu"), L.Flatten(), L.Dense(6)])
    return keras.Model([left, right], L.Dense(1, "sigmoid")(tf.abs(shared(left) - shared(right))))


@architecture
def embedding() -> keras.Model:
    """Vectors of unit length, and the logarithms of probabilities."""
    inputs = x = L.Input((16, 16, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(16, 3, 2, activation="relu")(x))
    vector = tf.math.l2_normalize(L.Dense(24)(x), axis=-1)
    return keras.Model(inputs, [vector, tf.nn.log_softmax(L.Dense(6)(x)), tf.add_n([x, L.Dense(16)(x), x])])


@architecture
def masked_attention() -> keras.Model:
    """Scores of later positions are replaced before softmax, and small values by a constant."""
    inputs = x = L.Input((8, 12), batch_size=1)
    x = L.Dense(12)(x)
    scores = tf.matmul(x, x, transpose_b=True)
    causal = tf.constant(np.tril(np.ones((1, 8, 8))) > 0)
    x = tf.matmul(tf.nn.softmax(tf.where(causal, scores, -20.0)), x)
    return keras.Model(inputs, tf.where(tf.logical_or(x > 0.1, x[:, :1] < 0.0), x, tf.constant([[[0.5]]])))


@architecture
def recurrent() -> keras.Model:
    """Two LSTM layers, of which only the last step of the second is used."""
    x = keras.Input((9, 13), batch_size=1)
    y = L.LSTM(12, return_sequences=True)(x)
    return keras.Model(x, L.Dense(4, "softmax")(L.LSTM(7)(y)))


def int8_file(build: Callable[[], keras.Model], io: str = "int8", seed: int = 0) -> bytes:
    """The model with random weights, calibrated on noise.

    io   "int8", "uint8" or "float": types of inputs and outputs; "uint8" uses TensorFlow's old quantiser,
         "float" one scale per dense layer.
    """
    keras.utils.set_random_seed(seed)
    model = build()
    rng = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        if isinstance(layer, L.BatchNormalization):
            for variable, low, high in zip(layer.weights, (0.5, -0.3, -0.3, 0.4), (1.5, 0.3, 0.3, 1.6), strict=False):
                variable.assign(rng.uniform(low, high, variable.shape))

    def data() -> Iterator[list[np.ndarray]]:
        for _ in range(6):
            yield [rng.normal(0, 1, [d or 1 for d in t.shape]).astype(np.float32) for t in model.inputs]

    specs = [tf.TensorSpec(t.shape, tf.float32, name=f"input{i}") for i, t in enumerate(model.inputs)]
    function = tf.function(lambda *x: model(list(x) if len(x) > 1 else x[0], training=False)).get_concrete_function(
        *specs
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = data
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.experimental_new_quantizer = io != "uint8"
    converter._experimental_disable_per_channel_quantization_for_dense_layers = io == "float"
    if io != "float":
        kind = {"int8": tf.int8, "uint8": tf.uint8}[io]
        converter.inference_input_type = converter.inference_output_type = kind
    return converter.convert()
