"""ArenaPlan -> the sections that its memory regions need, for the linker fragment NAME_sections.ld."""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.memory.placement import constants_in
from tinyengine_tf.regions import Region


@dataclass(frozen=True)
class Section:
    """What the compiler puts into `name`, and the region that shall hold it.

    copied   constants in RAM, which startup code must copy there from flash
    """

    name: str
    region: Region
    nbytes: int
    copied: bool = False


def sections(arena: ArenaPlan) -> tuple[Section, ...]:
    """None for an arena in one piece and constants in flash, unless regions were named for them."""
    shares = [s for s in arena.shares if s.region is not None]
    zeroed = [Section(f".bss.{s.place}", s.region, s.plan.peak_bytes) for s in shares if s.region is not None]
    constant = [
        Section(f".rodata.{region.name}", region, nbytes, region.kind not in ("flash", "external"))
        for region, nbytes in constants_in(arena).items()
        if region is not None
    ]
    return (*zeroed, *constant)
