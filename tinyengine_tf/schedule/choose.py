"""Segments, Goal -> the path of segments that serves the goal best.

Exact within the enumerated segments: the smallest peak is a minimax path, the least work within a limit a shortest
path. Segments that cannot lie on the path sought are never enumerated: those above a limit that is known, and, as
a pipeline takes more instructions than its layers one by one, those that cover no layer which breaks the limit alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tinyengine_tf.errors import DoesNotFitError, UsageError
from tinyengine_tf.schedule.segments import Segment, Segments

OPTIMIZE = ("latency", "balanced", "ram", "speed")
FEEDS = ("frame", "rows", "image")
BALANCED_EXTRA = 0.05
"""`balanced` spends up to this share of the work on saving memory."""
LEAN_EXTRA = 0.3
"""Share of the work that `latency` may spend on kernels without working memory, which keep the largest live set."""

MOST_MEASURED = 8
"""Paths whose memory is planned before one is taken."""

Path = tuple[Segment, ...]
Measure = Callable[[Path], int]


@dataclass(frozen=True)
class Goal:
    """What a schedule is chosen for.

    optimize           latency: least work, not above `in_place_peak_bytes` (and what the board has), but where only
                       kernels without working memory would keep it, much slower (see lean_extra);
                       speed: least work, whatever memory that takes;
                       ram: least memory; balanced: least memory within BALANCED_EXTRA more work.
    ram_budget_bytes   least work within this budget instead.
    feed               "frame": the input is there as a whole; "rows": it arrives row by row; "image": it stays where
                       the caller has it.
    flash_budget_bytes what constants may take, where that makes layers faster; None: as little as they can.
    lean_extra         (latency) share of the work that kernels without working memory may add.
    """

    optimize: str = "latency"
    ram_budget_bytes: int | None = None
    feed: str = "frame"
    flash_budget_bytes: int | None = None
    lean_extra: float = LEAN_EXTRA

    @property
    def saves_work(self) -> bool:
        """Whether, of two schedules that are allowed, the faster is better, not the leaner."""
        return self.ram_budget_bytes is not None or self.optimize in ("latency", "speed")

    @property
    def knows_live_set(self) -> bool:
        """Whether the largest live set matters."""
        return self.ram_budget_bytes is None and self.optimize in ("latency", "balanced")

    @property
    def keeps_live_set(self) -> bool:
        """Whether kernels may not add to the largest live set where slower ones need not."""
        return self.ram_budget_bytes is None and self.optimize == "latency"

    def __post_init__(self) -> None:
        if self.optimize not in OPTIMIZE:
            raise UsageError(f"optimize is {self.optimize!r}", hint=f"one of {', '.join(OPTIMIZE)}")
        if self.feed not in FEEDS:
            raise UsageError(f"feed is {self.feed!r}", hint=f"one of {', '.join(FEEDS)}")
        if self.ram_budget_bytes is not None and self.ram_budget_bytes < 1:
            raise UsageError(f"a RAM budget of {self.ram_budget_bytes} bytes")
        if self.flash_budget_bytes is not None and self.flash_budget_bytes < 1:
            raise UsageError(f"a flash budget of {self.flash_budget_bytes} bytes")


def choose_path(
    space: Segments, goal: Goal, latency_limit: int, measure: Measure | None = None, settle: Measure | None = None
) -> Path:
    """The path of segments from the first layer to the end that the goal asks for.

    latency_limit   bytes that `latency` may use if any schedule keeps them (see Goal.knows_live_set)
    measure         what a path really needs once its memory is planned; None: what its segments say. Where one step's
                    overlaps push another's buffers up, that is more, and other paths are tried.
    settle          the same with all the effort that a final plan gets, before a budget is called too small
    """
    if space.end == 0:
        return ()
    measure = measure or peak_of
    if goal.ram_budget_bytes is not None:
        path = _measured_within(space, goal.ram_budget_bytes, measure)
        if path is not None:
            return path
        leanest = _measured_smallest(space, measure)
        least = (settle or measure)(leanest)
        if least > goal.ram_budget_bytes:
            raise DoesNotFitError(
                f"no schedule needs less than {least:,} bytes of RAM, the budget is {goal.ram_budget_bytes:,}",
                needed_bytes=least,
                budget_bytes=goal.ram_budget_bytes,
                hint="a larger budget, a smaller input resolution or a narrower model",
            )
        return leanest
    if goal.optimize == "ram":
        return _measured_smallest(space, measure)
    limit = Segments.UNBOUNDED if goal.optimize == "speed" else latency_limit
    fastest = _measured_within(space, limit, measure) or _measured_smallest(space, measure)
    if goal.saves_work:
        return fastest
    allowed = instructions_of(fastest) * (1 + BALANCED_EXTRA)
    leanest = _measured_smallest(space, measure)
    if instructions_of(leanest) <= allowed:
        return leanest
    affordable = [path for path in front(space, fastest) if instructions_of(path) <= allowed]
    return min(affordable[-MOST_MEASURED:], key=lambda path: (measure(path), instructions_of(path)))


def _measured_within(space: Segments, limit_bytes: int, measure: Measure) -> Path | None:
    """The fastest path that needs at most that much, of the first few that should."""
    estimate = limit_bytes
    for _ in range(MOST_MEASURED):
        path = within(space, estimate)
        if path is None:
            return None
        if measure(path) <= limit_bytes:
            return path
        estimate = peak_of(path) - 1
    return None


def _measured_smallest(space: Segments, measure: Measure) -> Path:
    """The path that needs least, of the first few that should."""
    found, path = smallest(space)
    best, least = path, measure(path)
    peaks = sorted({s.peak_bytes for s in found})
    for peak in [p for p in peaks if peak_of(path) < p < least][: 4 * MOST_MEASURED]:
        if peak >= least:
            break
        other = shortest_path(found, space.end, peak)
        if other is not None and peak_of(other) == peak:
            needed = measure(other)
            if needed < least:
                best, least = other, needed
    return best


def peak_of(path: Iterable[Segment]) -> int:
    return max(s.peak_bytes for s in path)


def instructions_of(path: Iterable[Segment]) -> float:
    return sum(s.instructions for s in path)


def within(space: Segments, limit_bytes: int) -> Path | None:
    """Fewest instructions within a limit; None if no path keeps it."""
    singles = one_by_one(space)
    return shortest_path([*singles, *_covering(space, singles, limit_bytes)], space.end, limit_bytes)


def smallest(space: Segments) -> tuple[list[Segment], Path]:
    """The smallest peak, and for it the fewest instructions; with it all segments that were looked at.

    Only a pipeline that covers a layer at the peak can lower it; once it has, other layers are at the peak.
    Raises UsageError when an input that comes, or is read, by rows reaches no end.
    """
    singles = one_by_one(space)
    limit = _first_limit(space, singles)
    while True:
        found = [*singles, *_covering(space, singles, Segments.UNBOUNDED if limit is None else limit - 1)]
        least = least_peak(found, space.end)
        if limit is not None and (least is None or least >= limit):
            break
        if least is None:
            raise UsageError(
                f"the input cannot be {how_fed(space)}: it is needed beyond the layers that run row by row",
                hint="feed whole frames",
            )
        limit = least
    found = [*singles, *_covering(space, singles, limit)]
    path = shortest_path(found, space.end, limit)
    assert path is not None
    return found, path


def _first_limit(space: Segments, singles: Sequence[Segment]) -> int | None:
    """A peak that some path keeps: below half of what the layers need one by one, if there is such a path, because
    under low limits pipelines end early."""
    half = max((s.peak_bytes for s in singles), default=0) // 2
    least = least_peak([*singles, *_covering(space, singles, half)], space.end)
    return least if least is not None and least <= half else least_peak(singles, space.end)


def how_fed(space: Segments) -> str:
    """For messages."""
    return "read where it is" if space.image is not None else "fed by rows"


def _covering(space: Segments, singles: Sequence[Segment], limit_bytes: int) -> list[Segment]:
    """Pipelines within a limit that cover layers which would break it alone, and strips.

    For each first layer and each set of such layers the shortest pipeline is enough: what keeps the limit alone takes
    less work alone.
    """
    cool = {s.begin for s in singles if s.peak_bytes <= limit_bytes}
    hot = [index for index in range(space.end) if index not in cool]
    found = [s for s in space.in_strips if hot and s.end > hot[0] and s.peak_bytes <= limit_bytes]
    for begin in range(hot[-1] + 1 if hot else 0):
        covered = bisect_left(hot, begin)
        for s in space.pipelines(begin, limit_bytes):
            reached = bisect_left(hot, s.end)
            if reached > covered:
                found.append(s)
                covered = reached
            if covered == len(hot):
                break
    return found


def front(space: Segments, fastest: Path | None = None) -> list[Path]:
    """The paths of which none is better in memory and work, from `fastest` (default: of all) to the smallest peak."""
    fastest = fastest or within(space, Segments.UNBOUNDED) or smallest(space)[1]
    found = [*one_by_one(space), *every_pipeline(space, peak_of(fastest))]
    paths = [fastest]
    while True:
        path = shortest_path(found, space.end, peak_of(paths[-1]) - 1)
        if path is None:
            return paths
        if instructions_of(path) == instructions_of(paths[-1]):
            paths.pop()
        paths.append(path)


def one_by_one(space: Segments) -> list[Segment]:
    """Every layer alone that can be."""
    return [space.single(index) for index in range(space.end) if space.stands_alone(index)]


def every_pipeline(space: Segments, most_bytes: int) -> Iterable[Segment]:
    for begin in range(space.end):
        yield from space.pipelines(begin, most_bytes)
    yield from (s for s in space.in_strips if s.peak_bytes <= most_bytes)


def least_peak(found: Sequence[Segment], end: int) -> int | None:
    """The smallest limit under which some path exists: a minimax path. None: there is no path."""
    none = Segments.UNBOUNDED
    best = [0] + [none] * end
    for s in sorted(found, key=lambda s: s.begin):
        peak = max(best[s.begin], s.peak_bytes)
        if peak < best[s.end]:
            best[s.end] = peak
    return best[end] if best[end] < none else None


def shortest_path(found: Sequence[Segment], end: int, limit_bytes: int) -> Path | None:
    """Fewest instructions within the limit; among equals the smaller peak, then fewer fused layers."""
    best: list[tuple[float, int, int] | None] = [(0.0, 0, 0)] + [None] * end
    via: list[Segment | None] = [None] * (end + 1)
    for s in sorted(found, key=lambda s: s.begin):
        start = best[s.begin]
        if start is None or s.peak_bytes > limit_bytes:
            continue
        cost = (start[0] + s.instructions, max(start[1], s.peak_bytes), start[2] + s.end - s.begin)
        old = best[s.end]
        if old is None or cost < old:
            best[s.end], via[s.end] = cost, s
    if best[end] is None:
        return None
    path: list[Segment] = []
    while end:
        last = via[end]
        assert last is not None
        path.append(last)
        end = last.begin
    return tuple(reversed(path))
