"""ArenaPlan -> why it does not fit: region by region what is there, what is missing, and what to try."""

from __future__ import annotations

from collections import Counter

from tinyengine_tf.errors import DoesNotFitError
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.memory.placement import constants_in
from tinyengine_tf.regions import Region


def misfit(arena: ArenaPlan) -> DoesNotFitError | None:
    """The error that tells what is missing, or None where everything fits. Code and stack are not counted."""
    return _arena_misfit(arena) or _constants_misfit(arena) or _shared_misfit(arena)


def _arena_misfit(arena: ArenaPlan) -> DoesNotFitError | None:
    if arena.fits:
        return None
    largest = sorted(arena.live.problem.buffers, key=lambda b: -b.size_bytes)[:3]
    buffers = ", ".join(f"{b.name} {b.size_bytes:,}" for b in largest)
    room = max(r.size_bytes for r in arena.allowed)
    total = sum(r.size_bytes for r in arena.allowed)
    several = len(arena.allowed) > 1
    hint = "--optimize ram, a smaller input resolution, a narrower model, or a board with more RAM"
    if largest[0].size_bytes > room:
        hint = f"no region holds {largest[0].name} in one piece: {hint}"
    elif several and total >= arena.arena_bytes:
        hint = f"no way was found to split it, though the sum would do: {hint}"
    return DoesNotFitError(
        f"the arena needs {arena.arena_bytes:,} bytes, {arena.schedule.target.title} has {total:,} of RAM"
        f"{' in regions that are not adjacent' if several else ''}: {_listed(arena.allowed, arena.arena_bytes)}; "
        f"largest buffers: {buffers}",
        needed_bytes=arena.arena_bytes,
        budget_bytes=total if arena.arena_bytes > total else room,
        where=arena.schedule.graph.name,
        hint=hint,
    )


def _listed(regions: tuple[Region, ...], needed: int) -> str:
    return ", ".join(
        f"{r.name} {r.size_bytes:,} ({needed - r.size_bytes:,} too few)"
        if r.size_bytes < needed
        else f"{r.name} {r.size_bytes:,}"
        for r in regions
    )


def _constants_misfit(arena: ArenaPlan) -> DoesNotFitError | None:
    target = arena.schedule.target
    for region, needed in constants_in(arena).items():
        room = target.flash_bytes if region is None else region.size_bytes
        if room is None or needed <= room:
            continue
        place = "flash" if region is None else region.name
        others = ", ".join(f"{r.name} {r.size_bytes:,}" for r in target.constants if r is not region)
        more = f", or more regions (--region weights=...: {others})" if len(target.constants) > 1 else ""
        return DoesNotFitError(
            f"the constants need {needed:,} bytes, {target.title} has {room:,} of {place}: {needed - room:,} too few",
            needed_bytes=needed,
            budget_bytes=room,
            where=arena.schedule.graph.name,
            hint=f"a narrower model or a board with more flash{more}",
        )
    return None


def _shared_misfit(arena: ArenaPlan) -> DoesNotFitError | None:
    """Arena and constants may each fit a region that cannot hold both."""
    held = Counter({s.region.name: s.plan.peak_bytes for s in arena.shares if s.region is not None})
    named = {s.region.name: s.region.size_bytes for s in arena.shares if s.region is not None}
    for region, nbytes in constants_in(arena).items():
        if region is not None and region.name in held:
            held[region.name] += nbytes
            room = max(named[region.name], region.size_bytes)
            room = next((r.size_bytes for r in arena.schedule.target.ram if r.name == region.name), room)
            if held[region.name] > room:
                return DoesNotFitError(
                    f"arena and constants need {held[region.name]:,} bytes of {region.name} together, it has {room:,}",
                    needed_bytes=held[region.name],
                    budget_bytes=room,
                    where=arena.schedule.graph.name,
                    hint=f"give each a part of it, such as --region arena={region.name}:{room // 2048}KB",
                )
    return None
