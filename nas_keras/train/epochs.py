"""Epochs that survive a kill: data, a step function and a set of variables -> trained variables.

After each epoch every variable (weights, optimizer, statistics) is written to one file; started
again, training goes on with the next epoch. Shuffling and augmentation depend on the seed and the
epoch only, so an interrupted run sees the same batches as one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras

from nas_keras.data import Augment, Coding, Data, resize
from nas_keras.files import read_arrays, write_arrays

Metrics = dict[str, float]
Batch = tuple[np.ndarray, np.ndarray]
Step = Callable[[np.ndarray, np.ndarray, np.random.Generator], Metrics]


@dataclass(frozen=True)
class Recipe:
    """SGD with momentum and a cosine schedule after one warm-up epoch.

    learning_rate   peak, for batches of 256; scaled with the batch size.
    weight_decay    L2 on every weight of rank two and more (not on biases and batch norm).
    small_share     part of the epochs, the first ones, whose images have three quarters of their rows and columns: a
                    little over half the time, and what was learnt holds at full size. Only of plain models.
    """

    epochs: int
    batch: int = 64
    learning_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 4e-5
    label_smoothing: float = 0.1
    warmup_epochs: float = 1.0
    augment: Augment | None = None
    small_share: float = 0.0

    def batches(self, data: Data, coding: Coding, epoch: int, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch of encoded training batches, in the size this epoch is trained at."""
        rows, columns, _ = data.shape
        small = epoch < round(self.small_share * self.epochs)
        size = (round(3 * rows / 4), round(3 * columns / 4)) if small else (rows, columns)
        for x, y in data.batches(coding, self.batch, rng, self.augment):
            yield resize(x, size), y

    def optimizer(self, examples: int) -> tf_keras.optimizers.Optimizer:
        per_epoch = max(examples // self.batch, 1)
        schedule = CosineSchedule(
            self.learning_rate * self.batch / 256, per_epoch * self.epochs, per_epoch * self.warmup_epochs
        )
        return tf_keras.optimizers.SGD(schedule, momentum=self.momentum, nesterov=True)


class CosineSchedule(tf_keras.optimizers.schedules.LearningRateSchedule):
    """Linear rise over `warmup` steps to `peak`, then half a cosine down to 0 at `steps`."""

    def __init__(self, peak: float, steps: float, warmup: float):
        self.peak, self.steps, self.warmup = peak, max(steps, 1.0), min(warmup, steps / 2)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rise = (step + 1) / max(self.warmup, 1.0)
        done = tf.clip_by_value((step - self.warmup) / max(self.steps - self.warmup, 1.0), 0.0, 1.0)
        return self.peak * tf.minimum(tf.minimum(rise, 1.0), 0.5 + 0.5 * tf.cos(math.pi * done))

    def get_config(self) -> dict[str, float]:
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup}


@dataclass(frozen=True)
class Journal:
    """Where a run shows itself. Both parts are optional.

    checkpoint   file that makes the run resumable.
    log_dir      TensorBoard events.
    verbose      whether progress bars are drawn.
    writes       whether this process writes the checkpoint: of several workers one does, the others read.
    """

    checkpoint: Path | None = None
    log_dir: Path | None = None
    verbose: bool = True
    writes: bool = True


def run_epochs(
    name: str,
    variables: Sequence[tf.Variable],
    epochs: int,
    batches: Callable[[int, np.random.Generator], Iterator[Batch]],
    batch_count: int,
    step: Step,
    *,
    seed: int,
    journal: Journal = Journal(),
    evaluate: Callable[[], Metrics] = dict,
) -> list[Metrics]:
    """Train for `epochs` in total, those of a former run included; returns one Metrics per epoch.

    `batches` yields the data of one epoch, by its number, in the order its generator decides; `step` updates
    `variables`.
    """
    history = _restore(variables, journal.checkpoint)
    writer = tf.summary.create_file_writer(str(journal.log_dir)) if journal.log_dir else None
    for epoch in range(len(history), epochs):
        rng = np.random.default_rng((seed, epoch))
        bar = tf_keras.utils.Progbar(
            batch_count, verbose=int(journal.verbose), unit_name=f"batches, {name} {epoch + 1}/{epochs}"
        )
        sums: dict[str, float] = {}
        for count, (x, y) in enumerate(batches(epoch, rng), 1):
            for key, value in step(x, y, rng).items():
                sums[key] = sums.get(key, 0.0) + float(value)
            bar.update(count, finalize=False)
        metrics = {key: value / count for key, value in sums.items()} | evaluate()
        bar.update(batch_count, values=[(k, v) for k, v in metrics.items()], finalize=True)
        history.append(metrics)
        if writer is not None:
            with writer.as_default(step=epoch):
                for key, value in metrics.items():
                    tf.summary.scalar(f"{name}/{key}", value)
            writer.flush()
        if journal.writes:
            _save(variables, history, journal.checkpoint)
    return history


def train(
    model: tf_keras.Model,
    train_data: Data,
    val_data: Data,
    coding: Coding,
    recipe: Recipe,
    *,
    seed: int = 0,
    name: str = "train",
    journal: Journal = Journal(),
) -> list[Metrics]:
    """Train a plain (or quantisation-aware) model in place; metrics: loss, accuracy, val_accuracy."""
    optimizer = recipe.optimizer(len(train_data))
    weights = model.trainable_variables
    optimizer.build(weights)
    model.input_spec = None  # else no other size than the input layer's is accepted

    @tf.function  # traced for each size of the images
    def update(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = cross_entropy(y, logits, recipe.label_smoothing)
        gradients = decay(tape.gradient(loss, weights), weights, recipe.weight_decay)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return loss, accuracy(y, logits)

    def step(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Metrics:
        loss, hits = update(x, y)
        return {"loss": float(loss), "accuracy": float(hits)}

    predict = predictor(model)
    return run_epochs(
        name,
        [*model.variables, *optimizer.variables],
        recipe.epochs,
        lambda epoch, rng: recipe.batches(train_data, coding, epoch, rng),
        max(len(train_data) // recipe.batch, 1),
        step,
        seed=seed,
        journal=journal,
        evaluate=lambda: {"val_accuracy": evaluate(predict, val_data, coding)},
    )


def predictor(model: tf_keras.Model) -> Callable[[np.ndarray], tf.Tensor]:
    """Logits in inference mode, traced once for any batch size."""
    return tf.function(lambda x: model(x, training=False), input_signature=_signature(model)[:1])


def evaluate(predict: Callable[[np.ndarray], tf.Tensor], data: Data, coding: Coding, batch: int = 256) -> float:
    """Share of `data` classified correctly."""
    hits = sum(int(np.sum(np.argmax(predict(x), axis=1) == y)) for x, y in data.batches(coding, batch))
    return hits / len(data)


def cross_entropy(y: tf.Tensor, logits: tf.Tensor, smoothing: float = 0.0) -> tf.Tensor:
    """Mean over the batch; `smoothing` of the target is spread over all classes."""
    classes = logits.shape[-1]
    target = tf.one_hot(y, classes, 1 - smoothing + smoothing / classes, smoothing / classes)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, logits))


def accuracy(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, axis=1, output_type=y.dtype), y), tf.float32))


def decay(gradients: Sequence[tf.Tensor], weights: Sequence[tf.Variable], rate: float) -> list[tf.Tensor]:
    """Gradients with L2 added for weights of rank two and more."""
    return [g + rate * w if w.shape.rank > 1 else g for g, w in zip(gradients, weights, strict=True)]


def _signature(model: tf_keras.Model) -> list[tf.TensorSpec]:
    return [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32), tf.TensorSpec((None,), tf.int32)]


def _save(variables: Sequence[tf.Variable], history: list[Metrics], path: Path | None) -> None:
    if path is None:
        return
    arrays = {f"v{i}": v.numpy() for i, v in enumerate(variables)}
    keys = sorted({k for m in history for k in m})
    arrays["history"] = np.array([[m.get(k, math.nan) for k in keys] for m in history])
    write_arrays(path, arrays | {"history_keys": np.array(keys)})


def _restore(variables: Sequence[tf.Variable], path: Path | None) -> list[Metrics]:
    """Read a checkpoint into `variables`; returns the metrics of the epochs already done."""
    arrays = read_arrays(path) if path is not None else None
    if arrays is None:
        return []
    for i, variable in enumerate(variables):
        variable.assign(arrays[f"v{i}"])
    keys = arrays["history_keys"].tolist()
    return [dict(zip(keys, map(float, row), strict=True)) for row in arrays["history"]]
