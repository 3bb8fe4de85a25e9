"""The whole story on handwritten digits: train, quantise, export, compile, run.

python -m nas_keras.demo --out demo_out
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from absl import app, flags

from nas_keras.data import Coding, Data, load, resize
from nas_keras.files import write_arrays, write_bytes
from nas_keras.space.arch import Arch
from nas_keras.space.space import grid_for

_OUT = flags.DEFINE_string("out", "demo_out", "folder for everything the demo makes")
_SEED = flags.DEFINE_integer("seed", 0, "seed of every random choice")


def digits(rows: int = 16) -> tuple[Data, Data]:
    """scikit-learn's 1,797 digits as uint8 images of `rows` x `rows`: 1,400 to train on, 397 to validate."""
    from sklearn.datasets import load_digits

    source = load_digits()
    order = np.random.default_rng(0).permutation(len(source.target))
    images = np.minimum(source.images[order] * 16, 255).astype(np.uint8)[..., None]
    images, labels = resize(images, (rows, rows)), source.target[order]
    return load((images[:1400], labels[:1400]), where="digits"), load((images[1400:], labels[1400:]), where="digits")


def demo_arch(shape: tuple[int, int, int]) -> Arch:
    """A small network: the least member of the digits' space at width 0.4."""
    return grid_for(shape, 10).layout.space(0.4, shape[:2]).smallest()


def main(argv: list[str]) -> None:
    del argv
    import tf_keras

    from nas_keras.export.qat import quantize_aware
    from nas_keras.export.tflite import to_tflite
    from nas_keras.supernet.plain import build_model
    from nas_keras.training import Journal, Recipe, train

    out = Path(_OUT.value)
    tf_keras.utils.set_random_seed(_SEED.value)
    training, validation = digits()
    coding, arch = Coding.of(training.x), demo_arch(training.shape)
    print(arch.describe())
    model = build_model(arch)
    history = train(
        model,
        training,
        validation,
        coding,
        Recipe(epochs=12),
        name="float",
        seed=_SEED.value,
        journal=Journal(log_dir=out / "logs"),
    )
    calibration = [x for x, _ in training.batches(coding, 100)][:4]
    quantized = quantize_aware(model, coding, calibration)
    qat = train(
        quantized,
        training,
        validation,
        coding,
        Recipe(epochs=3, learning_rate=0.02),
        name="int8",
        seed=_SEED.value,
        journal=Journal(log_dir=out / "logs"),
    )
    tflite = to_tflite(quantized, coding)
    inputs = coding.quantize(validation.x)
    write_bytes(out / "digits.tflite", tflite)
    write_arrays(out / "digits_val.npz", {"x": inputs})
    accuracies = {"float": history[-1]["val_accuracy"], "quantisation-aware": qat[-1]["val_accuracy"]}
    print(compile_and_compare(tflite, inputs, validation.y, accuracies, out))


def compile_and_compare(
    tflite: bytes, inputs: np.ndarray, labels: np.ndarray, accuracies: dict[str, float], out: Path
) -> str:
    """Write the C to `out`/c, run it on every input here and on ten of them on an emulated Cortex-M4, beside TFLM."""
    from tinyengine_tf import convert, reference, verify

    expected = np.stack([o[0][0] for o in reference.run(tflite, [[x[None]] for x in inputs], isolated=True)])
    arena = reference.smallest_arena_bytes(tflite, isolated=True)
    convert(tflite, out / "c", target="cortex-m4", name="digits", optimize="ram")
    here = verify(tflite, target="host", optimize="ram", inputs=[[x[None]] for x in inputs])
    emulated = verify(tflite, target="cortex-m4", optimize="ram", inputs=[[x[None]] for x in inputs[:10]]).as_dict()
    rows = [(f"accuracy, {name}", f"{value:.4f}", "") for name, value in accuracies.items()]
    ours = [outputs[0].view(np.int8).reshape(-1) for outputs in here.run.outputs]
    hits = [float(np.mean(np.argmax(logits, axis=1) == labels)) for logits in (np.stack(ours), expected)]
    rows += [
        ("accuracy, int8", f"{hits[0]:.4f}", f"{hits[1]:.4f}"),
        (f"equal to TFLM, {here.samples} images here", _yes(here.exact), ""),
        (f"equal to TFLM, {emulated['samples']} images on Cortex-M4", _yes(emulated["exact"]), ""),
        ("arena, bytes of RAM", f"{emulated['arena_bytes']:,}", f"{arena:,}"),
        ("flash, bytes: code and constants", f"{emulated['flash_bytes']:,}", ""),
        ("instructions per image on Cortex-M4", f"{emulated['instructions']:,}", ""),
        ("instructions per multiply-accumulate", f"{emulated['instructions'] / emulated['macs']:.2f}", ""),
    ]
    lines = [f"{'digits, ' + format(len(labels), ',') + ' validation images':<44}{'tinyengine_tf':>14}{'TFLM':>10}"]
    return "\n".join(lines + [f"{name:<44}{a:>14}{b:>10}" for name, a, b in rows])


def _yes(truth: bool) -> str:
    return "yes" if truth else "NO"


if __name__ == "__main__":
    app.run(main)
