"""Trains the example's model on synthetic accelerometer windows and writes motion.tflite and windows.h.

    python3 train.py        needs the extra [nas]; both files are in the repository, so nobody has to

Three states of a machine, 64 samples of 3 axes each: still (noise), running (a steady vibration), failing (the same
with knocks). The classes are easy on purpose: the example is about firmware, not about learning.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras

SAMPLES, AXES = 64, 3
STATES = ("still", "running", "failing")
HERE = Path(__file__).resolve().parent


def window(state: int, rng: np.random.Generator) -> np.ndarray:
    """One window, float32 [SAMPLES, AXES], in g."""
    time = np.arange(SAMPLES)
    data = rng.normal(0.0, 0.03, (SAMPLES, AXES))
    if state > 0:
        frequency, phase = rng.uniform(0.10, 0.14), rng.uniform(0, 6.28, AXES)
        data += rng.uniform(0.3, 0.5) * np.sin(6.28 * frequency * time[:, None] + phase)
    if state > 1:
        for start in rng.integers(0, SAMPLES - 6, 4):
            data[start : start + 6] += rng.choice([-1, 1]) * np.exp(-np.arange(6) / 2)[:, None] * rng.uniform(0.8, 1.2)
    return data.astype(np.float32)


def windows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(windows [count, SAMPLES, 1, AXES], states [count])."""
    rng = np.random.default_rng(seed)
    states = rng.integers(0, len(STATES), count)
    return np.stack([window(s, rng) for s in states])[:, :, None, :], states


def build(batch: int | None = None) -> tf_keras.Model:
    """With a fixed batch, TensorFlow need not compute shapes at run time (SHAPE, STRIDED_SLICE and PACK operators)."""
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Input((SAMPLES, 1, AXES), batch_size=batch),
            layers.Conv2D(8, (7, 1), strides=(2, 1), padding="same", activation="relu"),
            layers.DepthwiseConv2D((5, 1), strides=(2, 2), padding="same", activation="relu"),
            layers.Conv2D(16, 1, activation="relu"),
            layers.MaxPooling2D((16, 1)),
            layers.Reshape((16,)),
            layers.Dense(len(STATES), activation="softmax"),
        ]
    )


def to_int8(model: tf_keras.Model, examples: np.ndarray) -> bytes:
    single = build(batch=1)
    single.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(single)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x[None]] for x in examples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def main() -> None:
    tf_keras.utils.set_random_seed(1)
    x, y = windows(3000, seed=1)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=8, batch_size=32, verbose=0)
    print("accuracy on new windows:", model.evaluate(*windows(1000, seed=2), verbose=0)[1])
    (HERE / "motion.tflite").write_bytes(to_int8(model, x[:200]))
    rng = np.random.default_rng(3)
    rows = []
    for state in range(len(STATES)):
        values = ", ".join(f"{round(float(v) * 1000)}" for v in window(state, rng).flat)
        rows.append(textwrap.fill(values, 112, initial_indent="     ", subsequent_indent="     "))
    (HERE / "windows.h").write_text(
        "// One window of each state, as the sensor delivers it: [sample][axis], in milli-g. Written by train.py.\n"
        "#pragma once\n\n"
        "#include <stdint.h>\n\n"
        f"static const int16_t kWindows[{len(STATES)}][{SAMPLES * AXES}] = {{\n"
        + "".join(f"    {{\n{row}}},\n" for row in rows)
        + "};\n"
    )


if __name__ == "__main__":
    main()
