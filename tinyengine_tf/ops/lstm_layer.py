"""UNIDIRECTIONAL_SEQUENCE_LSTM whatever its numbers are: its tensors, its sizes, and the variants that TFLM has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Tensor
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule
from tinyengine_tf.ops.recurrent import RecurrentOp

GATES = ("input", "forget", "cell", "output")
"""In the file's order."""
INPUTS = 24
WEIGHTS, BIASES = (1, 2, 3, 4, 5, 6, 7, 8), (12, 13, 14, 15)
ABSENT = {"peephole": (9, 10, 11), "projection": (16, 17), "layer normalisation": (20, 21, 22, 23)}
HIDDEN, CELL = 18, 19

ALL_INPUTS = Rule(f"it has {INPUTS} inputs, as in its later versions")
PLAIN = Rule("it has no peephole, projection or layer normalisation, as in TFLM")
TANH = Rule("the activation is TANH and recurrent weights are matrices")
VARIANT_RULES = (ALL_INPUTS, PLAIN, TANH)
SIZES = Rule("weights, biases, states and output agree in their sizes")


@dataclass(frozen=True, kw_only=True, eq=False)
class LstmLayer(RecurrentOp):
    """Long short-term memory over a sequence.

    inputs      sequence, 4 input weights, 4 recurrent weights, 4 biases (gates as in GATES), hidden state, cell
    outputs     hidden states of all steps, hidden state, cell
    time_major  whether the sequence is (steps, batch, features) instead of (batch, steps, features)
    """

    ROLES: ClassVar = ("data", *["weights"] * 8, *["bias"] * 4, "state", "state")
    OUT_ROLES: ClassVar = ("out", "state", "state")

    variables: int = 2
    time_major: bool

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """[units, features] for each gate, then [units, units] for each gate."""
        return tuple(t for t in self.inputs[1:9] if t is not None)

    @property
    def biases(self) -> tuple[Tensor, ...]:
        return tuple(t for t in self.inputs[9:13] if t is not None)

    @property
    def hidden(self) -> Tensor:
        return self.updates[0][0]

    @property
    def cell(self) -> Tensor:
        return self.updates[1][0]

    @property
    def units(self) -> int:
        return self.weights[0].shape[0]

    @property
    def features(self) -> int:
        return self.weights[0].shape[1]

    @property
    def batch(self) -> int:
        return self.input.shape[1 if self.time_major else 0]

    @property
    def steps(self) -> int:
        return self.input.shape[0 if self.time_major else 1]

    @property
    def macs(self) -> int:
        return self.batch * self.steps * sum(w.elements for w in self.weights)

    def work(self) -> dict[str, float]:
        return super().work() | {"mac": float(self.macs)}

    @property
    def fits_together(self) -> bool:
        n, of = self.units, len(GATES)
        return (
            all(w.shape == (n, self.features) for w in self.weights[:of])
            and all(w.shape == (n, n) for w in self.weights[of:])
            and all(b.shape == (n,) for b in self.biases)
            and self.hidden.elements == self.cell.elements == self.batch * n
            and self.features == self.input.shape[2]
            and self.output.shape == (*self.input.shape[:2], n)
        )

    def check(self) -> None:
        if not self.fits_together:
            raise InvalidIR(f"{self.input!r} -> {self.output!r}", where=self.name)


def check_variant(raw: RawOpLike, inputs: tuple[Tensor | None, ...]) -> None:
    """Reject what TFLM does not compute, and what the tensors' order says nothing of."""
    if len(inputs) != INPUTS:
        raise Reject(ALL_INPUTS, len(inputs))
    for variant, absent in ABSENT.items():
        if any(inputs[i] is not None for i in absent):
            raise Reject(PLAIN, variant)
    if raw.options["fused_activation_function"] != "TANH" or raw.options["diagonal_recurrent_tensors"]:
        raise Reject(TANH)
