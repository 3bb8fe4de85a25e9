"""Train a network that search.py has found for longer: float with a new cosine, then quantisation-aware, then export.

    python examples/cifar10/train_longer.py --data ../shared/data/cifar10.npz --run runs/cifar10_resnet8

Starts from the run's fine-tuned float network and writes RUN_longer/model.tflite. Stopped, it goes on where it was;
RUN_longer is again a run that can be trained for longer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from absl import app, flags

from nas_keras.data import Coding, shift_images
from nas_keras.export.qat import quantize_aware
from nas_keras.export.tflite import int8_accuracy, to_tflite
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.plain import build_model
from nas_keras.files import read_arrays, read_json, write_bytes, write_json
from nas_keras.loading import load
from nas_keras.train.epochs import Journal, Recipe, evaluate, predictor, train
from nas_keras.train.supernet import calibration_batches

_DATA = flags.DEFINE_string("data", None, "cifar10.npz: x_train, y_train, x_val, y_val", required=True)
_RUN = flags.DEFINE_string("run", None, "folder of a finished search", required=True)
_EPOCHS = flags.DEFINE_integer("epochs", 15, "epochs of the float network", lower_bound=1)
_QAT_EPOCHS = flags.DEFINE_integer("qat_epochs", 3, "epochs of the quantisation-aware network", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 12, "seed of shuffling and augmentation")

BATCH, LEARNING_RATE, WEIGHT_DECAY = 128, 0.2, 1e-4


def main(argv: list[str]) -> None:
    del argv
    run = Path(_RUN.value)
    out = run.with_name(run.name + "_longer")
    with np.load(_DATA.value) as file:
        train_data, val_data = (
            load((file[f"x_{part}"], file[f"y_{part}"]), where=part, classes=10) for part in ("train", "val")
        )
    coding = Coding.of(train_data.x)

    found, weights = read_json(run / "result.json"), read_arrays(run / "finetune.npz")
    if found is None or weights is None:
        raise app.UsageError(f"{run} holds no finished search")
    model = build_model(Arch.from_json(found["arch"]))
    for index, variable in enumerate(model.variables):
        variable.assign(weights[f"v{index}"])

    write_json(out / "result.json", {"arch": found["arch"]})

    def journal(name: str) -> Journal:
        return Journal(out / f"{name}.npz", out / "logs")

    def recipe(epochs: int, rate: float) -> Recipe:
        return Recipe(
            epochs, BATCH, rate, weight_decay=WEIGHT_DECAY, augment=shift_images(train_data.shape[0] // 8, flip=True)
        )

    train(
        model,
        train_data,
        val_data,
        coding,
        recipe(_EPOCHS.value, LEARNING_RATE),
        seed=_SEED.value,
        name="fine-tune",
        journal=journal("finetune"),
    )
    quantized = quantize_aware(model, coding, calibration_batches(train_data, coding, seed=0, count=8))
    train(
        quantized,
        train_data,
        val_data,
        coding,
        recipe(_QAT_EPOCHS.value, LEARNING_RATE / 10),
        seed=_SEED.value + 1,
        name="int8",
        journal=journal("qat"),
    )
    float_accuracy = evaluate(predictor(model), val_data, coding)
    tflite = to_tflite(quantized, coding)
    write_bytes(out / "model.tflite", tflite)
    print(f"validation accuracy: float {float_accuracy:.4f}, int8 {int8_accuracy(tflite, val_data, coding):.4f}")


if __name__ == "__main__":
    app.run(main)
