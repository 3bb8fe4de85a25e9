"""Memory regions: what a board's memories are, and which of them a model may use.

    board's regions  --spaces-->       runs of adjacent regions, each of which can hold an arena in one piece
    "DTCM:64KB,SDRAM" --parse_places-->  the regions that a user allows, in order of preference

A region is named as the data sheet names it; the name appears in sections (.bss.DTCM) and in linker scripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyengine_tf.errors import UsageError

ADDRESS_SPACE_BYTES = 1 << 32  # of the microcontrollers that we know
ORIGIN_ALIGN = 8  # what an arena needs
UNKNOWN_ORIGIN = -1

ACCESS_COST = {"dtcm": 1, "itcm": 1, "sram": 2, "flash": 3, "psram": 8, "external": 10}
"""Kinds of memory, and what an access costs relative to one another. It ranks regions; it predicts no time.

dtcm, itcm   coupled to the core, no wait states        sram   on the chip, behind a bus or a cache
psram        RAM outside the chip, SDRAM included       flash  on the chip        external  flash outside the chip
"""


@dataclass(frozen=True)
class Region:
    """One contiguous memory: `name` as the data sheet says, `origin` its address (or UNKNOWN_ORIGIN: the linker knows
    it), its size.
    """

    name: str
    origin: int
    size_bytes: int
    kind: str = "sram"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.name):
            raise UsageError(f"{self.name!r} cannot name a memory region", hint="letters, digits and underscores")
        if self.size_bytes < 1:
            raise UsageError(f"region {self.name} has {self.size_bytes} bytes, expected a positive integer")
        if self.kind not in ACCESS_COST:
            raise UsageError(
                f"region {self.name} is of kind {self.kind!r}", hint=f"one of {', '.join(sorted(ACCESS_COST))}"
            )

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.origin + self.size_bytes

    @property
    def access_cost(self) -> int:
        return ACCESS_COST[self.kind]

    @property
    def on_chip(self) -> bool:
        return self.kind not in ("psram", "external")


def spaces(regions: Sequence[Region]) -> tuple[Region, ...]:
    """`regions` with each run of adjacent ones joined, in the order of each run's first; on and off chip never join.

    The name of a joined one is that of its lowest region, its kind the slowest of the run.
    """
    joined: list[list[Region]] = []
    for region in sorted(regions, key=lambda r: r.origin):
        last = joined[-1][-1] if joined else None
        if last is not None and last.end == region.origin and last.on_chip == region.on_chip:
            joined[-1].append(region)
        else:
            joined.append([region])
    joined.sort(key=lambda run: min(regions.index(r) for r in run))
    return tuple(
        Region(run[0].name, run[0].origin, sum(r.size_bytes for r in run), max(run, key=lambda r: r.access_cost).kind)
        for run in joined
    )


def check_map(regions: Sequence[Region]) -> None:
    """Raise UsageError where a board's regions lie outside the address space, share a name or memory."""
    seen: dict[str, Region] = {}
    for region in regions:
        if region.origin < 0 or region.end > ADDRESS_SPACE_BYTES:
            raise UsageError(
                f"region {region.name} lies at {region.origin:#x} with {region.size_bytes:,} bytes",
                hint=f"addresses from 0 to {ADDRESS_SPACE_BYTES - 1:#x}, the region's end included",
            )
        if region.origin % ORIGIN_ALIGN:
            raise UsageError(f"region {region.name} lies at {region.origin:#x}", hint=f"a multiple of {ORIGIN_ALIGN}")
        if seen.setdefault(region.name.lower(), region) is not region:  # options name them, whatever the case
            raise UsageError(f"two regions are named {region.name}", hint="give each region a name of its own")
    placed = sorted(regions, key=lambda r: r.origin)
    for lower, upper in zip(placed, placed[1:], strict=False):
        if lower.end > upper.origin:
            raise UsageError(
                f"regions {lower.name} [{lower.origin:#x}, {lower.end:#x}) and {upper.name} "
                f"[{upper.origin:#x}, {upper.end:#x}) overlap",
                hint="regions that share no memory",
            )


@dataclass(frozen=True)
class Places:
    """Which regions a model may use, fastest first.

    arena     for tensors and scratch memory; empty: any of the board's RAM, in one piece if some region can hold it
    weights   for constants, those read most often first; empty: flash, wherever the firmware's linker script puts it
    split     whether the arena may lie in several regions
    """

    arena: tuple[Region, ...] = ()
    weights: tuple[Region, ...] = ()
    split: bool = True


def parse_places(given: Mapping[str, str], known: Sequence[Region]) -> Places:
    """Places from {"arena": "DTCM:64KB,SDRAM", "weights": "FLASH,QSPI"}; `known` are the target's regions.

    NAME:SIZE takes less of a region than it has. NAME:SIZE:KIND tells of one that the target does not know; KIND is a
    key of ACCESS_COST, sram if absent.
    Raises UsageError, naming the regions that are known.
    """
    for what in given:
        if what not in ("arena", "weights"):
            raise UsageError(f"{what!r} has no place of its own", where="region", hint="arena=... or weights=...")
    return Places(_regions(given.get("arena", ""), known), _regions(given.get("weights", ""), known))


def _regions(text: str, known: Sequence[Region]) -> tuple[Region, ...]:
    by_name = {r.name.lower(): r for r in known}
    found: list[Region] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, size, kind = (*item.split(":"), "", "")[:3]
        region = by_name.get(name.lower())
        hint = f"known: {', '.join(f'{r.name} ({r.size_bytes:,} bytes)' for r in known) or 'none'}; or NAME:SIZE:KIND"
        if region is None and not size:
            raise UsageError(f"the target has no region {name!r}", where="region", hint=hint)
        if size:
            given = parse_size(size)
            if region is not None and given > region.size_bytes:
                raise UsageError(
                    f"{region.name} has {region.size_bytes:,} bytes, not {given:,}", where="region", hint=hint
                )
            region = (
                Region(region.name, region.origin, given, region.kind)
                if region
                else Region(name, UNKNOWN_ORIGIN, given, kind or "sram")
            )
        assert region is not None
        if any(r.name == region.name for r in found):
            raise UsageError(f"region {region.name} is named twice", where="region", hint="name each once")
        found.append(region)
    return tuple(found)


def parse_size(text: str) -> int:
    """Bytes from 20000, 64KB (1024 each), 1MB. Raises UsageError."""
    match = re.fullmatch(r"(\d+)\s*([kKmM]?)(i?[bB])?", text.strip())
    if match is None or int(match[1]) == 0:
        raise UsageError(f"{text!r} is no size", hint="write 20000, 64KB or 1MB")
    return int(match[1]) * {"": 1, "k": 1024, "m": 1024 * 1024}[match[2].lower()]
