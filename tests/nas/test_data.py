"""What users hand over becomes checked arrays, and the int8 coding says exactly what the device receives."""

from __future__ import annotations

import numpy as np
import pytest

from nas_keras import loading
from nas_keras.data import Coding, resize, shift_images
from nas_keras.loading import load
from nas_keras.request import load_both
from tinyengine_tf.errors import UsageError


def test_pixels_become_q_equals_pixel_minus_128() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    coding = Coding.of(pixels)
    assert (coding.scale, coding.zero_point) == (1.0, 0)
    np.testing.assert_array_equal(coding.quantize(pixels), pixels.astype(int) - 128)
    np.testing.assert_array_equal(coding.encode(pixels), (pixels.astype(np.float32) - 128) / 128)


@pytest.mark.parametrize("low,high", [(-11.0, 4.0), (0.0, 1.0), (-3.0, -1.0), (2.0, 1000.0)])
def test_real_numbers_keep_their_units(low: float, high: float) -> None:
    x = np.random.default_rng(0).uniform(low, high, (4, 5, 5, 2)).astype(np.float32)
    coding = Coding.of(x)
    back = (coding.quantize(x).astype(float) - coding.zero_point) * coding.scale
    np.testing.assert_allclose(back, x, atol=coding.scale * 1.01)
    assert np.abs(coding.encode(x)).max() <= 1 and np.log2(coding.gain) % 1 == 0


def test_int8_is_taken_as_it_is() -> None:
    x = np.arange(-128, 128, dtype=np.int8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(Coding.of(x).quantize(x), x)


X, Y = np.zeros((6, 4, 4, 1), np.uint8), np.arange(6)


@pytest.mark.parametrize(
    "source,message",
    [
        ((X[0, 0], Y), r"shape \(4, 1\)"),
        ((X.reshape(6, 16), Y), r"shape \(6, 16\)"),
        ((X, Y[:5]), "6 inputs and 5 labels"),
        ((X[:0], Y[:0]), "0 inputs"),
        ((X, Y - 1), "labels run from -1 to 4"),
        ((X, Y + 1), "labels run from 1 to 6"),
        ((X, Y + 0.5), "not whole numbers"),
        (
            (np.where(np.arange(6)[:, None, None, None] == 3, np.nan, 1.0) * np.ones((6, 4, 4, 1)), Y),
            "the first is number 3",
        ),
        (7, "cannot read a int"),
        ([(X, Y, Y)], r"pairs \(x, y\)"),
        ([], "empty"),
    ],
)
def test_what_cannot_be_used_is_named(source, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(source, where="train_data", classes=6)


RAGGED = [np.zeros((4, 4, 1), np.uint8), np.zeros((5, 4, 1), np.uint8)]


@pytest.mark.parametrize(
    "source,message",
    [
        ((X, np.array(list("catdog"))), r"text or objects such as .*'c'.*\n.*np.unique\(y, return_inverse=True\)"),
        ((X, [None] * 6), "labels differ in shape, or are no numbers"),
        ((RAGGED, [0, 1]), r"inputs differ in shape, or are no numbers.*\n.*resize or pad"),
        ([(x[None], [0]) for x in (*RAGGED, *RAGGED)], r"inputs differ in shape: \(4, 4, 1\), \(5, 4, 1\)"),
        ((X.astype("complex64"), Y), r"complex numbers.*\n.*np.abs\(x\)"),
        ((X.astype("U1"), Y), "inputs are of type <U1"),
        ((X, Y.astype(float)), r"labels are float64 numbers.*\n.*y.astype\(int\)"),
        ((X, np.eye(6)[Y] * 0.5), r"row 0, .* is not one-hot.*\n.*y.argmax"),
        ((X, (np.arange(12).reshape(6, 2) % 3 > 0).astype(int)), r"is not one-hot.*\n.*one class per input"),
        ((X, np.ones((6, 2))), r"2 columns, and row 0, \[1. 1.\], is not one-hot"),
        ((X, np.zeros((6, 2, 2), int)), r"targets have shape \(6, 2, 2\)"),
        ((X, Y.astype("complex64")), "labels are of type complex64"),
        ((np.zeros((6, 3, 32, 32), np.uint8), Y), r"look like images, channels first.*\n.*np.moveaxis\(x, 1, -1\)"),
        ((np.zeros((6, 1, 28, 28), np.float32), Y), "channels first"),
        ((np.zeros((6, 3, 48, 64), np.float32), Y), "channels first"),
        ({"image": X, "label": Y}, "cannot read a dict"),
    ],
)
def test_mistakes_are_answered_with_a_remedy(source, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(source, where="train_data", classes=6)


@pytest.mark.parametrize("shape", [(1, 128, 6), (128, 1, 6), (49, 10, 1), (3, 32, 3), (1, 49, 10), (32, 32, 3)])
def test_series_and_images_with_channels_last_are_not_taken_for_others(shape: tuple[int, int, int]) -> None:
    assert load((np.ones((6, *shape), np.float32), Y), where="d").shape == shape


@pytest.mark.parametrize("y", [Y % 2 == 1, (Y % 2)[:, None], np.eye(2)[Y % 2], np.eye(2, dtype=bool)[Y % 2]])
def test_labels_of_any_usual_form_are_classes(y: np.ndarray) -> None:
    np.testing.assert_array_equal(load((X, y), where="d").y, Y % 2)


@pytest.mark.parametrize(
    "y,message",
    [
        (np.zeros(6, int), "every label is 0"),
        (Y + 1, r"labels run from 1 to 6, but of these classes 0 never occur.*\n.*return_inverse"),
        (Y * 9, r"of these classes 1, 2, 3, 4, 5 and 35 more never occur.*\n.*classes=46"),
    ],
)
def test_the_classes_of_training_data_are_numbered_from_zero_without_gaps(y: np.ndarray, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_both((X, y), (X, y), None)


def test_classes_that_are_named_may_be_missing() -> None:
    assert load_both((X, Y + 1), (X, Y), 9)[2] == 9 and load_both((X, Y), (X[:2], Y[:2]), None)[2] == 6
    with pytest.raises(UsageError, match="every label is 3"):
        load_both((X, np.full(6, 3)), (X, Y), 9)


def test_datasets_without_an_end_or_of_dictionaries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices((X, Y))
    with pytest.raises(UsageError, match=r"has no end.*\n.*leave out .repeat\(\)"):
        load(dataset.repeat().batch(4), where="train_data")
    assert len(load(dataset.repeat().take(8), where="train_data")) == 8
    with pytest.raises(UsageError, match=r"dictionaries of image, label.*\n.*dataset.map"):
        load(tf.data.Dataset.from_tensor_slices({"image": X, "label": Y}), where="train_data")
    endless = dataset.repeat().filter(lambda x, y: y >= 0)  # its length is not known beforehand
    monkeypatch.setattr(loading, "_memory_bytes", lambda: 64 * X[0].nbytes)
    with pytest.raises(UsageError, match=r"were read, and there is no end.*\n.*dataset.take"):
        load(endless, where="train_data")


def test_arrays_datasets_and_sequences_are_equal() -> None:
    tf, tf_keras = pytest.importorskip("tensorflow"), pytest.importorskip("tf_keras")

    x = np.random.default_rng(0).integers(256, size=(10, 4, 4, 3), dtype=np.uint8)
    y = np.arange(10) % 3

    class Pairs(tf_keras.utils.Sequence):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int):
            return x[3 * index : 3 * index + 3], np.eye(3)[y[3 * index : 3 * index + 3]]

    dataset = tf.data.Dataset.from_tensor_slices((x, y))
    for source in ((x, y), dataset, dataset.batch(4), Pairs()):
        data = load(source, where="train_data", classes=3)
        np.testing.assert_array_equal(data.x, x)
        np.testing.assert_array_equal(data.y, y)


def test_resize_keeps_type_mean_and_constant_images() -> None:
    x = np.random.default_rng(0).integers(256, size=(3, 32, 24, 2), dtype=np.uint8)
    small = resize(x, (12, 9))
    assert small.shape == (3, 12, 9, 2) and small.dtype == np.uint8
    assert abs(small.mean() - x.mean()) < 2
    assert resize(x, (32, 24)) is x
    assert (resize(np.full((1, 8, 8, 1), 77, np.uint8), (20, 5)) == 77).all()


def test_shifted_images_come_from_the_image() -> None:
    x = np.arange(2 * 6 * 6, dtype=np.uint8).reshape(2, 6, 6, 1)
    seen = {shift_images(1, flip=True)(x, np.random.default_rng(i))[0].tobytes() for i in range(60)}
    assert len(seen) == 18, "nine shifts, each mirrored or not"
    assert x[0].tobytes() in seen and x[0, :, ::-1].tobytes() in seen


def test_batches_cover_everything_and_depend_on_the_generator_only() -> None:
    data = load((np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1), np.arange(10)), where="d")
    coding = Coding.of(data.x)
    assert [len(y) for _, y in data.batches(coding, 4)] == [4, 4, 2]
    passes = [[y.tolist() for _, y in data.batches(coding, 4, np.random.default_rng(seed))] for seed in (1, 1, 2)]
    assert passes[0] == passes[1] != passes[2] and [len(y) for y in passes[0]] == [4, 4]
