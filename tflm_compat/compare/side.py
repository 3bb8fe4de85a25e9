"""What one of the two runtimes needs for a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one of the two needs. Bytes and instructions on the target, nanoseconds on this host; None: not measured.

    arena_parts   what the arena holds, by name, in bytes.
    objects_bytes RAM of what firmware makes beside the arena: interpreter and resolver.
    flash_parts   the same of flash. With TFLM unmeasured, the model file alone: a lower bound.
    """

    name: str
    arena_bytes: int
    arena_parts: dict[str, int]
    flash_parts: dict[str, int]
    objects_bytes: int | None = None
    stack_bytes: int | None = None
    init_instructions: int | None = None
    instructions: int | None = None
    host_ns: int | None = None

    @property
    def flash_bytes(self) -> int:
        return sum(self.flash_parts.values())
