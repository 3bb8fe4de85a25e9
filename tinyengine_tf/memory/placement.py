"""ArenaPlan in one piece, Places -> ArenaPlan in the memory regions that are there.

    the board's own regions   in one piece, untouched, where some region on the chip holds it: firmware's linker script
                              puts it there; only what fits in none is split over all regions
    regions the user named    in one piece in the first, where that holds it; else split over all of them

Constants go to flash unless regions are named for them, or the flash is too small and there is more outside the chip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tinyengine_tf.memory.accesses import accesses
from tinyengine_tf.memory.arena import ArenaPlan, Share
from tinyengine_tf.memory.split import split
from tinyengine_tf.regions import Places, Region
from tinyengine_tf.schedule import Layer, Schedule


def in_regions(arena: ArenaPlan, places: Places, *, exact: bool = True) -> ArenaPlan:
    """Where each buffer and each layer's constants lie. What fits nowhere stays in one piece: `fits` tells."""
    target = arena.schedule.target
    constants = place_constants(arena.schedule, _constant_regions(arena.schedule, places))
    arena = replace(arena, allowed=places.arena or target.spaces, constants=constants)
    if not arena.allowed:
        return arena
    if places.arena:
        usable = arena.allowed if not places.split else arena.allowed[:1]
        whole = next((r for r in usable if arena.arena_bytes <= r.size_bytes), None)
        if whole is not None:
            return replace(arena, shares=(Share(arena.plan, whole),))
    elif any(arena.arena_bytes <= r.size_bytes for r in arena.allowed if r.on_chip) or not target.ram:
        return arena
    return _split(arena, exact) if places.split else arena


def _split(arena: ArenaPlan, exact: bool) -> ArenaPlan:
    """Over all allowed regions; of two of a kind the one named first is preferred."""
    regions = arena.allowed
    found = split(
        arena.live.problem,
        [r.size_bytes for r in regions],
        [r.access_cost * len(regions) + order for order, r in enumerate(regions)],
        accesses(arena.schedule, arena.live),
        exact=exact,
    )
    if found is None:
        return arena
    used = [
        Share(plan, region) for plan, region in zip(found.plans, regions, strict=True) if plan.problem.buffers
    ] or arena.shares
    return replace(arena, shares=tuple(used), cheapest=found.proven)


def _constant_regions(schedule: Schedule, places: Places) -> tuple[Region, ...]:
    target = schedule.target
    if places.weights or target.flash_bytes is None:
        return places.weights
    outside = [r for r in target.constants[1:] if not r.on_chip]
    needed = sum(schedule.constant_bytes.values())
    return (target.constants[0], *outside) if outside and needed > target.flash_bytes else ()


def place_constants(schedule: Schedule, regions: Sequence[Region]) -> dict[Layer, Region]:
    """Layers whose constants do not stay in the default flash, and where they go.

    The most multiply-accumulates per byte come first; each layer takes the first region that has room, or the last
    one, which then holds too much: `check_fit` tells.
    """
    if not regions:
        return {}
    free = [r.size_bytes for r in regions]
    placed: dict[int, Region] = {}
    macs = Counter[int]()
    for layer in schedule.layers:
        macs[layer.index] += layer.op.macs
    taken = {index: size for index, size in schedule.constant_bytes.items() if size}
    for index in sorted(taken, key=lambda i: (-macs[i] / taken[i], i)):
        chosen = next((i for i, room in enumerate(free) if taken[index] <= room), len(regions) - 1)
        free[chosen] -= taken[index]
        placed[index] = regions[chosen]
    default = schedule.target.constants[:1]
    return {x: placed[x.index] for x in schedule.layers if x.index in placed and placed[x.index] not in default}


def constants_in(arena: ArenaPlan) -> dict[Region | None, int]:
    """Bytes of constants per region; None: where the linker puts .rodata."""
    regions = {layer.index: arena.constants.get(layer) for layer in arena.schedule.layers}
    found = Counter[Region | None]()
    for index, size in arena.schedule.constant_bytes.items():
        found[regions[index]] += size
    return dict(found)
