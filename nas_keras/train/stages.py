"""The stages of a search that train: super-network, candidates, fine-tuning, quantisation, export.

The only part of a search that imports TensorFlow. Every function continues from what it finds in
the request's workdir.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import tf_keras

from nas_keras.data import Data
from nas_keras.export.qat import quantize_aware
from nas_keras.export.tflite import int8_accuracy, to_tflite
from nas_keras.families.space import Arch, Space
from nas_keras.families.supernet import SuperNet
from nas_keras.files import write_bytes
from nas_keras.train.epochs import Journal, Metrics, Recipe, evaluate, predictor, train
from nas_keras.train.supernet import SharedRecipe, calibration_batches, train_supernet

if TYPE_CHECKING:
    from nas_keras.request import Request

QAT_LEARNING_RATE = 0.1  # of the fine-tuning rate


def supernet(request: Request, space: Space, verbose: bool) -> tuple[SuperNet, dict[str, list[Metrics]]]:
    """A trained super-network of `space`."""
    shared = SharedRecipe(
        _recipe(request, request.budget.supernet_epochs), request.budget.networks, request.budget.distillation
    )
    return train_supernet(
        space,
        request.train,
        request.val,
        request.coding,
        shared,
        seed=request.seed,
        folder=request.supernet_dir,
        log_dir=request.workdir / "logs",
        verbose=verbose,
        distribute=request.distribute,
        family=request.family,
    )


def evaluator(request: Request, net: SuperNet) -> Callable[[Sequence[Arch]], list[float]]:
    """Architectures -> accuracy inside the super-network, on the same validation examples for all."""
    batches = calibration_batches(request.train, request.coding, request.seed)
    chosen = np.sort(
        np.random.default_rng(request.seed).permutation(len(request.val))[: request.budget.search_examples]
    )
    data = Data(request.val.x[chosen], request.val.y[chosen])

    def evaluate_all(archs: Sequence[Arch]) -> list[float]:
        found = []
        for arch in archs:
            net.calibrate(arch, batches)
            found.append(net.accuracy(arch, data, request.coding))
        return found

    return evaluate_all


def finetune(request: Request, net: SuperNet, arch: Arch, verbose: bool) -> tuple[tf_keras.Model, list[Metrics]]:
    """The network taken out of the super-network and trained alone."""
    net.calibrate(arch, calibration_batches(request.train, request.coding, request.seed))
    model = net.extract(arch)
    recipe = replace(_recipe(request, request.budget.finetune_epochs), small_share=request.budget.finetune_small)
    return model, train(
        model,
        request.train,
        request.val,
        request.coding,
        recipe,
        seed=request.seed + 2,
        name="fine-tune",
        journal=_journal(request, "finetune", verbose),
    )


def qat(request: Request, model: tf_keras.Model, verbose: bool) -> tuple[tf_keras.Model, list[Metrics]]:
    """A quantisation-aware copy of `model`, trained at a tenth of the rate."""
    quantized = quantize_aware(
        model, request.coding, calibration_batches(request.train, request.coding, request.seed, count=8)
    )
    recipe = _recipe(request, request.budget.qat_epochs, QAT_LEARNING_RATE)
    return quantized, train(
        quantized,
        request.train,
        request.val,
        request.coding,
        recipe,
        seed=request.seed + 3,
        name="int8",
        journal=_journal(request, "qat", verbose),
    )


def export(request: Request, quantized: tf_keras.Model) -> bytes:
    """The int8 file, also written to the workdir."""
    tflite = to_tflite(quantized, request.coding)
    write_bytes(request.workdir / "model.tflite", tflite)
    return tflite


def accuracies(request: Request, model: tf_keras.Model, tflite: bytes) -> dict[str, float]:
    """Validation accuracy of the float model and of the file."""
    return {
        "float": evaluate(predictor(model), request.val, request.coding),
        "int8": int8_accuracy(tflite, request.val, request.coding),
    }


def _recipe(request: Request, epochs: int, rate: float = 1.0) -> Recipe:
    return Recipe(epochs, request.budget.batch, request.budget.learning_rate * rate, augment=request.augment)


def _journal(request: Request, name: str, verbose: bool) -> Journal:
    return Journal(request.workdir / f"{name}.npz", request.workdir / "logs", verbose)
