"""The super-network of any family: all networks of a space in one set of weights.

A network enters as a vector of int32 (`encode`), so training, calibration and inference are each traced once and then
run at the speed of a fixed network, whatever is sampled. What the vector means is the family's own affair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from enum import Enum

import numpy as np
import tensorflow as tf
import tf_keras

from nas_keras.data import Coding, Data
from nas_keras.families.space import Arch, Own, Space


class Mode(Enum):
    """What batch norm does: use the batch's statistics, also average them in, or use the average."""

    TRAIN = "train"
    CALIBRATE = "calibrate"
    INFER = "infer"


class SuperNet(ABC):
    """Weights for all networks of `space`; a subclass creates them, by its seed alone, before it calls this.

    Batch norm averages belong to the architecture that was calibrated last: `calibrate` before `predict` and `extract`.
    """

    def __init__(self, space: Space):
        self.space = space
        self._functions: dict[Mode, Callable] = {}

    @property
    @abstractmethod
    def variables(self) -> list[tf.Variable]:
        """All of them, in an order that is always the same: a checkpoint holds them by their place."""

    @abstractmethod
    def encode(self, arch: Own) -> np.ndarray:
        """int32 vector, of one length for all networks. Raises ValueError for what is no member of the space."""

    @abstractmethod
    def __call__(self, x: tf.Tensor, choice: tf.Tensor, mode: Mode, seen: tf.Tensor | float = 0.0) -> tf.Tensor:
        """Logits (batch, classes) of encoded inputs for one encoded network; for use inside a tf.function.

        seen   batches that went into the batch norm averages so far (Mode.CALIBRATE)
        """

    @abstractmethod
    def extract(self, arch: Own) -> tf_keras.Model:
        """`Family.model` with this network's share of the weights and the averages of the last calibration."""

    def sort_channels(self) -> None:  # noqa: B027 - a family may share weights otherwise
        """Called once, after the largest network was trained and before all are: put what matters most first, where
        smaller networks keep it. The largest network must go on computing the same."""

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        return [v for v in self.variables if v.trainable]

    @property
    def classes(self) -> int:
        return self.space.smallest().classes

    def calibrate(self, arch: Arch, batches: Iterable[np.ndarray]) -> None:
        """Set the batch norm averages to the mean of the statistics of `batches`, each passing on its own."""
        choice, run = self.encode(arch), self._function(Mode.CALIBRATE)
        for seen, batch in enumerate(batches):
            run(batch, choice, np.float32(seen))

    def predict(self, arch: Arch, x: np.ndarray) -> np.ndarray:
        """Logits of encoded inputs, with the averages of the last calibration."""
        return self._function(Mode.INFER)(x, self.encode(arch), np.float32(0)).numpy()

    def accuracy(self, arch: Arch, data: Data, coding: Coding, batch: int = 256) -> float:
        """Share of `data` that `arch` classifies correctly; calibrate first."""
        return sum(
            int(np.sum(self.predict(arch, x).argmax(axis=1) == y)) for x, y in data.batches(coding, batch)
        ) / len(data)

    def signature(self) -> list[tf.TensorSpec]:
        """Of (inputs, choice)."""
        smallest = self.space.smallest()
        return [
            tf.TensorSpec((None, *smallest.input_shape), tf.float32),
            tf.TensorSpec((len(self.encode(smallest)),), tf.int32),
        ]

    def _function(self, mode: Mode) -> Callable:
        if mode not in self._functions:
            signature = [*self.signature(), tf.TensorSpec((), tf.float32)]
            self._functions[mode] = tf.function(
                lambda x, choice, seen: self(x, choice, mode, seen), input_signature=signature
            )
        return self._functions[mode]
