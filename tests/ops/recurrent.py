"""Models with LSTM and SVDF layers, of any size, for differential tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.modelgen import ModelBuilder

UNIFORM = {
    "fused_activation_function": "TANH",
    "proj_clip": 0.0,
    "asymmetric_quantize_inputs": False,
    "diagonal_recurrent_tensors": False,
}


@dataclass(frozen=True)
class LstmCase:
    """Sizes and quantisation of a layer; `gain` widens what enters the gates, so that they saturate."""

    features: int = 6
    units: int = 5
    steps: int = 4
    batch: int = 1
    time_major: bool = False
    cell_scale: float = 2.0**-12
    cell_clip: float = 10.0
    input_zero: int = -7
    hidden: tuple[float, int] = (1 / 128, 0)
    gain: float = 1.0

    def add(self, b: ModelBuilder, rng: np.random.Generator, **changes: Any) -> None:
        """A layer with an input and an output of its own."""
        n, order = self.units, (self.steps, self.batch) if self.time_major else (self.batch, self.steps)
        scale, zero = self.hidden
        x = b.input((*order, self.features), scale=0.03, zero_point=self.input_zero)

        def weights(columns: int) -> list[int]:
            spread = self.gain / columns**0.5
            values = [rng.integers(-127, 128, (n, columns)).astype(np.int8) for _ in range(4)]
            return [b.const(v, scale=float(spread * rng.uniform(0.005, 0.02))) for v in values]

        biases = [b.const(rng.integers(-3000, 3000, n).astype(np.int32), scale=1e-4) for _ in range(4)]
        hidden = b.tensor((self.batch, n), scale=scale, zero_point=zero, is_variable=True)
        cell = b.tensor((self.batch, n), "INT16", scale=self.cell_scale, is_variable=True)
        y = b.tensor((*order, n), scale=scale, zero_point=zero)
        inputs = [x, *weights(self.features), *weights(n), *[None] * 3, *biases, *[None] * 2, hidden, cell, *[None] * 4]
        options = UNIFORM | {"cell_clip": self.cell_clip, "time_major": self.time_major} | changes
        b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], **options)
        b.output(y)


@dataclass(frozen=True)
class SvdfCase:
    """Sizes and quantisation of a layer; `scales` of input, weights, memory, weights over time and output instead of
    the usual ones.
    """

    features: int = 6
    units: int = 5
    rank: int = 1
    steps: int = 4
    batch: int = 1
    memory: str = "INT16"
    memory_zero: int = 0
    gain: float = 1.0
    scales: tuple[float, float, float, float, float] | None = None

    def add(self, b: ModelBuilder, rng: np.random.Generator, **changes: Any) -> None:
        """A layer with an input and an output of its own."""
        filters, wide = self.units * self.rank, self.memory == "INT16"
        usual = (0.03, 0.02 * self.gain, *((2.0**-9, 2.0**-14) if wide else (2.0**-3, 2.0**-7)), 0.2)
        input_scale, feature_scale, memory_scale, time_scale, output_scale = self.scales or usual
        x = b.input((self.batch, self.features), scale=input_scale, zero_point=-3)
        feature = rng.integers(-127, 128, (filters, self.features)).astype(np.int8)
        limit = 2**14 // max(1, self.rank) if wide else 127
        time = rng.integers(-limit, limit + 1, (filters, self.steps)).astype(np.int16 if wide else np.int8)
        bias = rng.integers(-9000, 9000, self.units).astype(np.int32)
        inputs = [
            x,
            b.const(feature, scale=feature_scale),
            b.const(time, scale=time_scale),
            b.const(bias, scale=memory_scale * time_scale),
            b.tensor(
                (self.batch, filters * self.steps),
                self.memory,
                scale=memory_scale,
                zero_point=self.memory_zero,
                is_variable=True,
            ),
        ]
        y = b.tensor((self.batch, self.units), scale=output_scale, zero_point=5)
        b.op("SVDF", inputs, [y], **({"rank": self.rank, "fused_activation_function": "NONE"} | changes))
        b.output(y)


LSTMS = (
    LstmCase(),
    LstmCase(features=1, units=1, steps=1),
    LstmCase(features=28, units=20, steps=9),
    LstmCase(features=33, units=17, steps=3, gain=6.0),
    LstmCase(features=16, units=7, batch=2, input_zero=127),
    LstmCase(features=3, units=4, batch=3, time_major=True, hidden=(0.005, -30)),
    LstmCase(features=7, units=18, cell_scale=2.0**-15, cell_clip=0.0, gain=4.0),
    LstmCase(features=10, units=6, steps=12, cell_scale=2.0**-9, cell_clip=0.7, gain=3.0),
    LstmCase(features=5, units=9, cell_scale=2.0**-17, cell_clip=1000.0, gain=9.0, hidden=(1 / 250, 11)),
)
SVDFS = (
    SvdfCase(),
    SvdfCase(features=1, units=1, steps=1),
    SvdfCase(features=40, units=8, rank=2, steps=10),
    SvdfCase(features=13, units=7, rank=3, steps=2, gain=30.0),
    SvdfCase(features=16, units=3, steps=9, batch=2, memory="INT8", gain=5.0),
    SvdfCase(features=18, units=6, rank=2, steps=5, memory="INT8", memory_zero=-4),
)


def model(*cases: LstmCase | SvdfCase, seed: int = 0, **changes: Any) -> bytes:
    b, rng = ModelBuilder("recurrent"), np.random.default_rng(seed)
    for case in cases:
        case.add(b, rng, **changes)
    return b.finish()
