"""The exported file on the emulated core, beside TFLM: what a search ends with, where the tools are there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nas_keras.cost.latency import latency_ms
from tinyengine_tf import MismatchError, ToolchainError, verify
from tinyengine_tf.target import Target


@dataclass(frozen=True)
class Emulation:
    """What was seen; `not_done` says why nothing was, and then all figures are None.

    samples        validation inputs whose outputs equal TFLM's, bit for bit.
    instructions   executed for the most expensive of them; None on the host.
    ram_bytes      everything static, arena included;  stack_bytes  come on top.
    flash_bytes    code and constants.
    milliseconds   of these instructions, estimated for the board's clock (see cost.latency); None for a bare core.
    """

    core: str
    not_done: str = ""
    samples: int = 0
    instructions: int | None = None
    ram_bytes: int | None = None
    stack_bytes: int | None = None
    flash_bytes: int | None = None
    milliseconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        if self.not_done:
            return f"not run on {self.core}: {self.not_done}"
        work = "" if self.instructions is None else f", {self.instructions:,} instructions"
        time = "" if self.milliseconds is None else f" (about {self.milliseconds:.1f} ms)"
        stack = "" if self.stack_bytes is None else f" and {self.stack_bytes:,} of stack"
        return (
            f"{self.samples} images equal to TFLM's on {self.core}{work}{time}; "
            f"{self.ram_bytes:,} bytes of RAM{stack}, {self.flash_bytes:,} of flash with code"
        )


def emulate(tflite: bytes, target: Target, inputs: np.ndarray, cycles_per_instruction: float = 1.0) -> Emulation:
    """Run the file's C on `target`'s core on int8 `inputs` (count, rows, columns, channels).

    A missing compiler, emulator or TFLM is recorded. Raises MismatchError when an output differs from TFLM's.
    """
    try:
        found = verify(tflite, target=target, optimize="ram", inputs=[[x[None]] for x in inputs])
    except ToolchainError as error:
        return Emulation(target.core, not_done=error.message)
    if not found.exact:
        raise MismatchError(
            f"the generated code and TFLM differ: {found.difference}",
            where="check",
            hint="this is our bug: please report it with model.tflite",
        )
    run = found.run
    return Emulation(
        target.core,
        "",
        found.samples,
        run.instructions,
        run.static_ram_bytes,
        run.stack_bytes,
        run.flash_bytes,
        latency_ms(run.instructions, cycles_per_instruction, target),
    )
