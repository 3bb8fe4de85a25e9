"""A plain network trains, resumes, survives quantisation, and its file answers as it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nas_keras.data import Coding, Data, resize
from nas_keras.families.mbconv.arch import Arch
from nas_keras.loading import load

tf_keras = pytest.importorskip("tf_keras")

from nas_keras.export.qat import measure_ranges, quantize_aware  # noqa: E402
from nas_keras.export.tflite import Reference, int8_accuracy, to_tflite  # noqa: E402
from nas_keras.families.mbconv.analytic import AnalyticCost  # noqa: E402
from nas_keras.families.mbconv.plain import build_model  # noqa: E402
from nas_keras.train.epochs import Journal, Recipe, evaluate, predictor, train  # noqa: E402

QUIET = Journal(verbose=False)


@pytest.fixture(scope="module")
def trained(stripes: tuple[Data, Data], tiny_arch: Arch) -> tuple[tf_keras.Model, Coding]:
    tf_keras.utils.set_random_seed(0)
    model, coding = build_model(tiny_arch), Coding.of(stripes[0].x)
    train(model, *stripes, coding, Recipe(epochs=5, batch=32, learning_rate=0.4), journal=QUIET)
    return model, coding


def calibration(data: Data, coding: Coding) -> list[np.ndarray]:
    return [x for x, _ in data.batches(coding, 100)][:3]


def test_model_matches_the_architecture(tiny_arch: Arch) -> None:
    model = build_model(tiny_arch)
    assert model.input_shape == (None, 12, 12, 1) and model.output_shape == (None, 4)
    for index, placed in enumerate(tiny_arch.placed()):
        assert model.get_layer(f"b{index:02d}_project").output_shape[1:] == (*placed.out_hw, placed.block.out_channels)
        names = {layer.name for layer in model.layers}
        assert (f"b{index:02d}_expand" in names) == placed.expands
        assert (f"b{index:02d}_add" in names) == placed.residual
    weights = sum(w.shape.num_elements() for w in model.trainable_weights if w.shape.rank > 1)
    channels = sum(w.shape[0] for w in model.trainable_weights if "beta" in w.name or "bias" in w.name)
    assert AnalyticCost().footprint(tiny_arch).flash_bytes == weights + 8 * channels


@pytest.mark.parametrize("small_share", [0.0, 1.0])
def test_batch_norm_is_trained_by_its_batches(stripes, tiny_arch: Arch, small_share: float) -> None:
    """One step of batch norm in training mode moves its averages, also for smaller images."""
    data, model = Data(stripes[0].x[:32], stripes[0].y[:32]), build_model(tiny_arch)
    norm = model.get_layer("b01_expand_bn")
    before = norm.moving_variance.numpy()
    train(model, data, data, Coding.of(data.x), Recipe(1, batch=32, small_share=small_share), journal=QUIET)
    assert not np.allclose(norm.moving_variance.numpy(), before)


def test_first_epochs_see_smaller_images_and_the_last_ones_all_of_them(stripes, tiny_arch: Arch) -> None:
    data = [Data(resize(part.x, (24, 24)), part.y) for part in stripes]
    coding, recipe = Coding.of(data[0].x), Recipe(epochs=6, batch=32, small_share=1 / 3)

    def sizes(epoch: int) -> set[tuple[int, ...]]:
        return {x.shape[1:] for x, _ in recipe.batches(data[0], coding, epoch, np.random.default_rng(0))}

    assert [sizes(e) for e in (0, 1, 2, 5)] == [{(18, 18, 1)}, {(18, 18, 1)}, {(24, 24, 1)}, {(24, 24, 1)}]
    tf_keras.utils.set_random_seed(0)
    history = train(build_model(replace(tiny_arch, input_shape=(24, 24, 1))), *data, coding, recipe, journal=QUIET)
    assert history[-1]["val_accuracy"] > 0.9, "validation is at full size"


def test_interrupted_training_equals_uninterrupted(stripes, tiny_arch: Arch, tmp_path) -> None:
    recipe, coding = Recipe(epochs=2, batch=64), Coding.of(stripes[0].x)

    def fresh() -> tf_keras.Model:
        tf_keras.utils.set_random_seed(1)
        return build_model(tiny_arch)

    whole = fresh()
    history = train(whole, *stripes, coding, recipe, journal=QUIET)

    class Killed(Exception):
        pass

    def die(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        die.calls += 1
        if die.calls == 11:
            raise Killed
        return x

    die.calls = 0
    journal = Journal(checkpoint=tmp_path / "run.npz", log_dir=tmp_path / "logs", verbose=False)
    with pytest.raises(Killed):
        train(fresh(), *stripes, coding, Recipe(epochs=2, batch=64, augment=die), journal=journal)
    tf_keras.utils.set_random_seed(2)
    resumed = build_model(tiny_arch)
    assert train(resumed, *stripes, coding, recipe, journal=journal) == history
    for a, b in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert list((tmp_path / "logs").iterdir()), "TensorBoard events"


def test_quantised_network_does_not_collapse_without_any_step(trained, stripes) -> None:
    model, coding = trained
    accuracy = evaluate(predictor(model), stripes[1], coding)
    assert accuracy > 0.9, "the fixture must have learnt something for this test to mean anything"
    quantized = quantize_aware(model, coding, calibration(stripes[0], coding))
    assert evaluate(predictor(quantized), stripes[1], coding) > accuracy - 0.03
    x = coding.encode(stripes[1].x)
    logits, approximate = predictor(model)(x).numpy(), predictor(quantized)(x).numpy()
    assert np.abs(approximate - logits).mean() < 0.05 * logits.std(), "ranges of weights and activations are measured"
    train(quantized, *stripes, coding, Recipe(epochs=1, batch=128, learning_rate=0.01), journal=QUIET)
    assert evaluate(predictor(quantized), stripes[1], coding) > accuracy - 0.03


def test_file_takes_pixels_minus_128_and_agrees_with_the_model(trained, stripes) -> None:
    model, coding = trained
    quantized = quantize_aware(model, coding, calibration(stripes[0], coding))
    val = stripes[1]
    predicted = np.concatenate([predictor(quantized)(x) for x, _ in val.batches(coding, 64)]).argmax(axis=1)
    tflite = to_tflite(quantized, coding)
    answers = Reference(tflite)((val.x.astype(int) - 128).astype(np.int8))
    assert answers.dtype == np.int8 and answers.shape == (len(val), 4)
    assert np.mean(answers.argmax(axis=1) == predicted) > 0.97
    assert int8_accuracy(tflite, val, coding) > 0.87


def test_real_valued_input_keeps_its_units(tiny_arch: Arch) -> None:
    """The power of two moves into the stem: the float file and the training graph agree on the user's numbers."""
    rng = np.random.default_rng(0)
    data = load((rng.normal(5, 30, (64, 12, 12, 1)).astype(np.float32), rng.integers(4, size=64)), where="d")
    coding = Coding.of(data.x)
    assert coding.gain < 0.02
    tf_keras.utils.set_random_seed(3)
    quantized = quantize_aware(build_model(tiny_arch), coding, [coding.encode(data.x)])
    logits = predictor(quantized)(coding.encode(data.x)).numpy()
    reference = Reference(to_tflite(quantized, coding))
    detail = reference.interpreter.get_output_details()[0]
    scale, zero_point = detail["quantization"]
    answers = (reference(coding.quantize(data.x)).astype(float) - zero_point) * scale
    assert np.abs(answers - logits).max() < 6 * scale
    folded = predictor(quantized)(data.x).numpy()
    np.testing.assert_allclose(folded, logits, atol=2 * scale)


def test_measured_ranges_are_those_of_the_layers(trained, stripes) -> None:
    model, coding = trained
    x = coding.encode(stripes[0].x[:50])
    ranges = measure_ranges(model, [x])
    logits = model(x, training=False).numpy()
    assert ranges["logits"] == pytest.approx((min(logits.min(), 0), max(logits.max(), 0)), rel=1e-5)
    assert ranges["stem_conv_relu"][0] == 0 and ranges["stem_conv_relu"][1] <= 6
