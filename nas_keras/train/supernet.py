"""Space, data -> a trained super-network.

    1. the largest network alone
    2. expanded channels sorted by importance, so that prefixes are the best narrow networks
    3. every network: each batch trains several drawn uniformly, their gradients averaged

Source: MCUNet (NeurIPS 2020), section 3.1 and supplement; the optional distillation from the
largest network is that of Once-for-All (ICLR 2020).

Under a tf.distribute.Strategy every replica sees the whole batch and trains its share of the drawn
networks, so batch norm and the averaged gradient are those of one machine, but for the order of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras

from nas_keras.data import Coding, Data
from nas_keras.families import load_family
from nas_keras.families.base import Family
from nas_keras.families.space import Arch, Space
from nas_keras.families.supernet import Mode, SuperNet
from nas_keras.train.epochs import Journal, Metrics, Recipe, accuracy, cross_entropy, decay, predictor, run_epochs


@dataclass(frozen=True)
class SharedRecipe:
    """How to train a super-network.

    recipe         of phase 1; phase 3 takes twice its epochs.
    networks       drawn per batch in phase 3.
    distillation   weight of the largest network's answers beside the labels; 0 turns it off.
    """

    recipe: Recipe
    networks: int = 4
    distillation: float = 0.0

    @property
    def shared(self) -> Recipe:
        return replace(self.recipe, epochs=2 * self.recipe.epochs)


def train_supernet(
    space: Space,
    train_data: Data,
    val_data: Data,
    coding: Coding,
    shared: SharedRecipe,
    *,
    seed: int = 0,
    folder: Path | None = None,
    log_dir: Path | None = None,
    verbose: bool = True,
    distribute: tf.distribute.Strategy | None = None,
    family: Family | None = None,
) -> tuple[SuperNet, dict[str, list[Metrics]]]:
    """All three phases; with `folder`, finished epochs found there are not repeated.

    distribute   where networks are trained (MirroredStrategy, MultiWorkerMirroredStrategy); by default here. All
                 workers call this alike, with one shared `folder`, which the chief writes and all read.
    family       that `space` is of; by default the one everybody knows.
    Returns the network and the metrics of the phases "largest" and "shared", one per epoch;
    val_accuracy is that of the largest network and, in phase 3, also val_smallest of the smallest.
    """
    strategy = distribute or tf.distribute.get_strategy()
    with strategy.scope():
        net = (family or load_family()).supernet(space, seed)
    chief = worker_number(strategy) == 0
    calibration = calibration_batches(train_data, coding, seed, count=4)
    journals = {
        name: Journal(
            folder / f"supernet_{name}.npz" if folder else None, log_dir if chief else None, verbose and chief, chief
        )
        for name in ("largest", "shared")
    }

    def check(*archs: tuple[str, Arch]) -> Callable[[], Metrics]:
        def evaluate() -> Metrics:
            found = {}
            for name, arch in archs:
                net.calibrate(arch, calibration)
                found[name] = net.accuracy(arch, val_data, coding)
            return found

        return evaluate

    largest, smallest = space.largest(), space.smallest()
    history = {
        "largest": _phase(
            net,
            train_data,
            coding,
            shared.recipe,
            lambda rng: net.encode(largest)[None],
            "largest net",
            strategy=strategy,
            seed=seed,
            journal=journals["largest"],
            evaluate=check(("val_accuracy", largest)),
        )
    }
    net.sort_channels()
    teacher = None
    if shared.distillation:
        net.calibrate(largest, calibration)
        teacher = predictor(net.extract(largest))
    draw = lambda rng: np.stack([net.encode(space.sample(rng)) for _ in range(shared.networks)])  # noqa: E731
    history["shared"] = _phase(
        net,
        train_data,
        coding,
        shared.shared,
        draw,
        "all nets",
        strategy=strategy,
        seed=seed + 1,
        journal=journals["shared"],
        evaluate=check(("val_accuracy", largest), ("val_smallest", smallest)),
        teacher=teacher,
        distillation=shared.distillation,
    )
    return net, history


def calibration_batches(data: Data, coding: Coding, seed: int, count: int = 20, size: int = 64) -> list[np.ndarray]:
    """Encoded batches on which candidates' batch norm averages are set: always the same for one seed."""
    size = min(size, len(data))
    batches = data.batches(coding, size, np.random.default_rng((seed, 2)))
    return [x for x, _ in (pair for pair, _ in zip(batches, range(count), strict=False))]


def _phase(
    net: SuperNet,
    data: Data,
    coding: Coding,
    recipe: Recipe,
    draw: Callable[[np.random.Generator], np.ndarray],
    name: str,
    *,
    strategy: tf.distribute.Strategy,
    seed: int,
    journal: Journal,
    evaluate: Callable[[], Metrics],
    teacher: Callable[[np.ndarray], tf.Tensor] | None = None,
    distillation: float = 0.0,
) -> list[Metrics]:
    with strategy.scope():
        optimizer = recipe.optimizer(len(data))
        optimizer.build(net.trainable_variables)
    update = make_update(net, optimizer, recipe, distillation if teacher is not None else 0.0, strategy)

    def step(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Metrics:
        taught = teacher(x) if teacher is not None else np.zeros((len(x), net.classes), np.float32)
        loss, hits = update(x, y, draw(rng), taught)
        return {"loss": float(loss), "accuracy": float(hits)}

    return run_epochs(
        name,
        [*net.variables, *optimizer.variables],
        recipe.epochs,
        lambda epoch, rng: recipe.batches(data, coding, epoch, rng),
        max(len(data) // recipe.batch, 1),
        step,
        seed=seed,
        journal=journal,
        evaluate=evaluate,
    )


def worker_number(strategy: tf.distribute.Strategy) -> int:
    """Of this process among those of a multi-worker strategy; the first, or only one, has 0 and writes the files."""
    resolver = strategy.cluster_resolver
    return resolver.task_id if resolver is not None and resolver.cluster_spec() else 0


def make_update(
    net: SuperNet,
    optimizer: tf_keras.optimizers.Optimizer,
    recipe: Recipe,
    distillation: float = 0.0,
    strategy: tf.distribute.Strategy | None = None,
):
    """tf.function (x, y, choices, teacher logits) -> (loss, accuracy), mean over `choices`; one optimizer step."""
    strategy = strategy or tf.distribute.get_strategy()
    weights = net.trainable_variables
    inputs, choice = net.signature()
    classes = net.classes
    replicas = strategy.num_replicas_in_sync

    def replica_update(
        x: tf.Tensor, y: tf.Tensor, choices: tf.Tensor, taught: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """This replica's summands of loss and accuracy; the optimizer adds up the gradients of all replicas."""
        count = tf.cast(tf.shape(choices)[0], tf.float32)
        mine = choices[tf.distribute.get_replica_context().replica_id_in_sync_group :: replicas]
        total = [tf.zeros(w.shape, w.dtype) for w in weights]
        loss_sum, hits = tf.constant(0.0), tf.constant(0.0)
        for one in mine:
            # Iterations that overlap share the state of oneDNN's kernels, whose sizes differ here: memory corruption.
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            with tf.GradientTape() as tape:
                logits = net(x, one, Mode.TRAIN)
                loss = cross_entropy(y, logits, recipe.label_smoothing)
                if distillation:
                    soft = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(taught), logits)
                    loss += distillation * tf.reduce_mean(soft)
            gradients = tape.gradient(loss, weights, unconnected_gradients="zero")
            total = [t + g / count for t, g in zip(total, gradients, strict=True)]
            loss_sum, hits = loss_sum + loss / count, hits + accuracy(y, logits) / count
        decayed = decay(total, weights, recipe.weight_decay / replicas)
        optimizer.apply_gradients(zip(decayed, weights, strict=True))
        return loss_sum, hits

    @tf.function(
        input_signature=[
            inputs,
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((None, *choice.shape), tf.int32),
            tf.TensorSpec((None, classes), tf.float32),
        ]
    )
    def update(x: tf.Tensor, y: tf.Tensor, choices: tf.Tensor, taught: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        shares = strategy.run(replica_update, (x, y, choices, taught))
        loss, hits = (strategy.reduce(tf.distribute.ReduceOp.SUM, share, axis=None) for share in shares)
        return loss, hits

    return update
