"""Milliseconds on a board's clock, from cycles that the compiler estimates (Cortex-M4, M7) or else from instructions.

Where no timings are documented an instruction counts as one cycle. Flash waits and caches are in neither.
"""

from __future__ import annotations

from nas_keras.cost.footprint import Footprint
from tinyengine_tf.cost.table import cost_table
from tinyengine_tf.errors import UsageError
from tinyengine_tf.target import Target


def cycles_per_instruction(footprint: Footprint) -> float:
    """As estimated for a network; 1 where nothing is known."""
    return footprint.cycles / footprint.instructions if footprint.cycles and footprint.instructions else 1.0


def latency_ms(instructions: int | None, per_instruction: float, target: Target) -> float | None:
    """Of one inference at `per_instruction` cycles each; None when the instructions or the clock are not known."""
    if instructions is None or target.clock_hz is None:
        return None
    return instructions * per_instruction / target.clock_hz * 1e3


def work_limit(max_latency_ms: float, target: Target) -> dict[str, int]:
    """The limit of `Limits` that a time means: cycles, or instructions where cycles are not estimated.

    Raises UsageError without a clock or a time.
    """
    if target.clock_hz is None:
        raise UsageError(
            f"{target.name} has no clock", where="max_latency", hint="name a board, or give max_instructions"
        )
    if max_latency_ms <= 0:
        raise UsageError(f"{max_latency_ms:g} ms", where="max_latency", hint="a positive number of milliseconds")
    known = bool(cost_table(target.core).cycles_source)
    return {"cycles" if known else "instructions": int(max_latency_ms / 1e3 * target.clock_hz)}
