"""Round numbers for axes, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Values low..high laid over pixels begin..end; `ticks` are round values between."""

    low: float
    high: float
    begin: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 2)


def axis(values: Sequence[float], begin: float, end: float, *, least: float = 1.0, count: int = 6) -> Axis:
    """An axis from 0 to a round number beyond all values, at least `least`."""
    high = max([least, *values])
    step = round_step(high / count)
    last = math.ceil(high / step - 1e-9)
    return Axis(0.0, last * step, begin, end, tuple(i * step for i in range(last + 1)))


def round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def size_text(size_bytes: float) -> str:
    """13,728 bytes -> "13.4 KB" (of 1024)."""
    if size_bytes < 1024:
        return f"{size_bytes:.0f} B"
    unit, divisor = ("MB", 1 << 20) if size_bytes >= 1 << 20 else ("KB", 1 << 10)
    return (
        f"{size_bytes / divisor:.3g} {unit}" if size_bytes < 1000 * divisor else f"{size_bytes / divisor:,.0f} {unit}"
    )
