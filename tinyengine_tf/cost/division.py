"""How a kernel divides its work among blocks of pixels, groups of filters and groups of inputs."""

from __future__ import annotations

from dataclasses import dataclass

TWOS = 32
"""As Division.pixels: blocks of three, and of two where a single pixel would remain."""
TILED = 64
"""As Division.pixels: tiles of 2x2 pixels, two side by side (Winograd)."""


@dataclass(frozen=True)
class Division:
    """How a kernel divides its work: pixels of a block, filters and inputs of a group; what fills none is a rest."""

    pixels: int = 1
    filters: int = 1
    inputs: int = 1

    def blocks(self, units: int) -> tuple[int, int, int]:
        """(whole blocks, smaller blocks, single pixels) of `units` pixels."""
        if self.pixels != TWOS:
            return units // self.pixels, 0, units % self.pixels
        if units < 3:
            return 0, units // 2, units % 2
        twos = -units % 3
        return (units - 2 * twos) // 3, twos, 0


UNDIVIDED = Division()
