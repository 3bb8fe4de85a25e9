"""One set of weights serves every architecture, and each one extracted computes what it computed inside."""

from __future__ import annotations

import numpy as np
import pytest

from nas_keras.data import Coding, Data
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.space import Space

tf = pytest.importorskip("tensorflow")
tf_keras = pytest.importorskip("tf_keras")

from nas_keras.families.mbconv.supernet import SuperNet  # noqa: E402
from nas_keras.families.supernet import Mode  # noqa: E402
from nas_keras.train.epochs import Recipe  # noqa: E402
from nas_keras.train.supernet import SharedRecipe, calibration_batches, make_update, train_supernet  # noqa: E402


@pytest.fixture(scope="module")
def net(tiny_space: Space) -> SuperNet:
    return SuperNet(tiny_space, seed=3)


@pytest.fixture(scope="module")
def batch(stripes: tuple[Data, Data]) -> np.ndarray:
    return Coding.of(stripes[0].x).encode(stripes[0].x[:48])


def samples(space: Space, count: int) -> list[Arch]:
    rng = np.random.default_rng(5)
    return [space.smallest(), space.largest(), *(space.sample(rng) for _ in range(count))]


def test_extracted_networks_compute_the_same(net: SuperNet, batch: np.ndarray) -> None:
    on_batch = tf.function(lambda x, choice: net(x, choice, Mode.TRAIN), input_signature=net.signature())
    for arch in samples(net.space, 6):
        net.calibrate(arch, [batch[:24], batch[24:]])
        model = net.extract(arch)
        np.testing.assert_allclose(model(batch, training=False), net.predict(arch, batch), atol=2e-5)
        np.testing.assert_allclose(model(batch, training=True), on_batch(batch, net.encode(arch)), atol=2e-5)
    for function in net._functions.values():
        assert function.experimental_get_tracing_count() == 1, "one trace serves every architecture"


def test_calibration_is_the_mean_over_batches(net: SuperNet, batch: np.ndarray) -> None:
    arch, halves = net.space.largest(), [batch[:24], batch[24:]]
    net.calibrate(arch, [batch * 5])
    net.calibrate(arch, halves)
    stems = [tf.nn.conv2d(half, net.stem, net.space.stem.stride, "SAME").numpy() for half in halves]
    np.testing.assert_allclose(net.stem_norm.mean, np.mean([s.mean(axis=(0, 1, 2)) for s in stems], axis=0), atol=1e-5)
    variances = [s.var(axis=(0, 1, 2)) for s in stems]
    np.testing.assert_allclose(net.stem_norm.variance, np.mean(variances, axis=0), rtol=2e-3)


def test_calibrating_a_narrow_network_leaves_the_other_channels(net: SuperNet, batch: np.ndarray) -> None:
    block = net.stages[1][0]
    net.calibrate(net.space.largest(), [batch])
    before = block.depthwise.norm.mean.numpy()
    net.calibrate(net.space.smallest(), [batch * 2])
    after, width = block.depthwise.norm.mean.numpy(), net.space.smallest().blocks[1].mid_channels
    assert not np.array_equal(before[:width], after[:width])
    np.testing.assert_array_equal(before[width:], after[width:])


def test_sorting_keeps_the_largest_network_and_orders_by_importance(tiny_space: Space, batch: np.ndarray) -> None:
    net, largest = SuperNet(tiny_space, seed=4), tiny_space.largest()
    rng = np.random.default_rng(0)
    for variable in net.trainable_variables:
        variable.assign_add(rng.normal(0, 0.1, variable.shape).astype(np.float32))
    net.calibrate(largest, [batch])
    before = net.predict(largest, batch)
    net.sort_channels()
    np.testing.assert_allclose(net.predict(largest, batch), before, atol=1e-4)
    for block in (b for stage in net.stages[1:] for b in stage):
        importance = np.abs(block.project.weight.numpy()[0, 0]).sum(axis=1)
        assert np.all(np.diff(importance) <= 1e-6)


def test_gradients_are_averaged_over_the_drawn_networks(tiny_space: Space, batch: np.ndarray, stripes) -> None:
    labels = stripes[0].y[:48]
    first, second = (tiny_space.smallest(), tiny_space.largest())
    taught = np.zeros((48, 4), np.float32)

    def step_with(*archs: Arch) -> list[np.ndarray]:
        net = SuperNet(tiny_space, seed=6)
        before = [v.numpy() for v in net.trainable_variables]
        optimizer = tf_keras.optimizers.SGD(0.1)
        optimizer.build(net.trainable_variables)
        make_update(net, optimizer, Recipe(1, weight_decay=0.0))(
            batch, labels, np.stack([net.encode(a) for a in archs]), taught
        )
        return [v.numpy() - b for v, b in zip(net.trainable_variables, before, strict=True)]

    for both, one, other in zip(step_with(first, second), step_with(first), step_with(second), strict=True):
        np.testing.assert_allclose(both, (one + other) / 2, atol=1e-5)


def test_foreign_architecture_is_refused(net: SuperNet, tiny_arch: Arch) -> None:
    with pytest.raises(ValueError, match="not a member"):
        net.encode(tiny_arch)


def test_training_learns_resumes_and_repeats_nothing(tiny_space: Space, stripes: tuple[Data, Data], tmp_path) -> None:
    coding, shared = Coding.of(stripes[0].x), SharedRecipe(Recipe(epochs=2, batch=64, learning_rate=0.4), networks=2)
    whole, history = train_supernet(tiny_space, *stripes, coding, shared, verbose=False, folder=tmp_path / "whole")
    assert len(history["largest"]) == 2 and len(history["shared"]) == 4
    assert history["shared"][-1]["val_accuracy"] > 0.6

    class Killed(Exception):
        pass

    calls = 0

    def die(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 8 * 4 + 3:
            raise Killed
        return x

    recipe = SharedRecipe(Recipe(epochs=2, batch=64, learning_rate=0.4, augment=die), networks=2)
    for _ in range(2):
        try:
            part, again = train_supernet(tiny_space, *stripes, coding, recipe, verbose=False, folder=tmp_path / "part")
        except Killed:
            continue
    assert calls == 8 * 6 + 3 and again == history, "only the epoch that was cut short is repeated"
    for a, b in zip(whole.variables, part.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    best = max(whole.space.largest(), whole.space.smallest(), key=lambda a: _accuracy(whole, a, stripes, coding))
    assert _accuracy(whole, best, stripes, coding) > 0.6


def test_distillation_follows_the_teacher(tiny_space: Space, batch: np.ndarray, stripes) -> None:
    """With a teacher that always answers class 2 and a large weight, the student learns class 2."""
    net, labels = SuperNet(tiny_space, seed=7), stripes[0].y[:48]
    taught = np.tile(np.float32([0, 0, 9, 0]), (48, 1))
    optimizer = tf_keras.optimizers.SGD(0.05, momentum=0.9)
    optimizer.build(net.trainable_variables)
    update = make_update(net, optimizer, Recipe(1), distillation=20.0)
    for _ in range(20):
        update(batch, labels, net.encode(tiny_space.largest())[None], taught)
    net.calibrate(tiny_space.largest(), [batch])
    assert np.mean(net.predict(tiny_space.largest(), batch).argmax(axis=1) == 2) > 0.9


def _accuracy(net: SuperNet, arch: Arch, stripes, coding: Coding) -> float:
    net.calibrate(arch, calibration_batches(stripes[0], coding, 0, count=4))
    return net.accuracy(arch, stripes[1], coding)
