"""A plan as text: addresses from left to right, steps from top to bottom.

    step  address 0                      2,944  used up to, bytes live
       0  aaaaaaaaaaaaaaaaaa..................       1,536      1,536
       1  aaaaaaaaaaaaaaaaaabbbbbbbbb%%%cccccc       2,944      3,200  <- peak

A letter is a buffer, '.' is free, '%' is shared by two buffers that overlap. Each column is the same number
of bytes; a column that holds the end of one buffer and the start of the next shows the one with more of it.
After the memory plan that TensorFlow Lite Micro's greedy planner can print.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from itertools import pairwise

from tinyengine_tf.memory.problem import Buffer, Plan

MARKS = string.ascii_lowercase + string.ascii_uppercase + string.digits
SHARED, FREE = "%", "."


def draw(
    plan: Plan,
    *,
    width: int = 64,
    steps: range | None = None,
    labels: Mapping[int, str] | None = None,
    budget_bytes: int | None = None,
    legend: bool = True,
) -> str:
    """The picture, without a newline at its end.

    width         columns for the addresses
    steps         which steps to show; all by default
    labels        a name per step, such as its layer, shown at the end of the line
    budget_bytes  draws a '|' where the memory available ends
    """
    shown = plan.problem.steps if steps is None else steps
    top = max(plan.peak_bytes, budget_bytes or 0, 1)
    column_bytes = -(-top // width)
    columns = -(-top // column_bytes)
    mark = {b.name: MARKS[i % len(MARKS)] for i, b in enumerate(plan.problem.buffers)}
    fence = None if budget_bytes is None else -(-budget_bytes // column_bytes)
    margin = max([4, *[len(str(step)) for step in shown]])
    lines = [f"{'step':>{margin}}  {_header(columns, top, fence)}  used up to, bytes live"]
    highest, overlaps = _used(plan), False
    for step in shown:
        live = [b for b in plan.problem.live_at(step) if b.size_bytes]
        cells = _fenced(_cells(live, plan, mark, column_bytes, columns), fence)
        overlaps |= SHARED in cells
        used = max((plan.end_of(b) for b in live), default=0)
        note = f"  {labels[step]}" if labels and step in labels else ""
        peak = "  <- peak" if step == highest else ""
        lines.append(f"{step:>{margin}}  {cells}  {used:>10,} {plan.problem.live_bytes(step):>10,}{note}{peak}")
    lines.append(_summary(plan, column_bytes, budget_bytes))
    if legend and overlaps:
        lines.append(f"  {SHARED}  shared: bytes of an output lie where the input has been read")
    if legend:
        lines += _legend(plan, mark, shown)
    return "\n".join(lines)


def _used(plan: Plan) -> int:
    """The first step at which the peak is reached."""
    return min((b.start for b in plan.problem.buffers if b.size_bytes and plan.end_of(b) == plan.peak_bytes), default=0)


def _cells(live: list[Buffer], plan: Plan, mark: Mapping[str, str], column_bytes: int, columns: int) -> str:
    line = []
    for column in range(columns):
        low, high = column * column_bytes, (column + 1) * column_bytes
        inside = [(max(low, plan.offsets[b.name]), min(high, plan.end_of(b)), b.name) for b in live]
        inside = sorted(piece for piece in inside if piece[0] < piece[1])
        if not inside:
            line.append(FREE)
        elif any(after[0] < before[1] for before, after in pairwise(inside)):
            line.append(SHARED)
        else:
            line.append(mark[max(inside, key=lambda piece: piece[1] - piece[0])[2]])
    return "".join(line)


def _header(columns: int, top_bytes: int, fence: int | None) -> str:
    width = columns + (fence is not None)
    return f"address 0{top_bytes:>{max(0, width - 9)},}"[:width].ljust(width)


def _fenced(cells: str, fence: int | None) -> str:
    return cells if fence is None else f"{cells[:fence]}|{cells[fence:]}"


def _summary(plan: Plan, column_bytes: int, budget_bytes: int | None) -> str:
    proof = "optimal, proven" if plan.optimal else f"proven lower bound {plan.lower_bound_bytes:,}"
    parts = [f"peak {plan.peak_bytes:,} bytes ({proof})"]
    if budget_bytes is not None:
        parts.append(f"'|' = available, {budget_bytes:,} bytes")
    return "; ".join([*parts, f"one column = {column_bytes:,} bytes"])


def _legend(plan: Plan, mark: Mapping[str, str], shown: range) -> list[str]:
    """One line per buffer in the picture; a mark may stand for several, which then differ in steps or address."""
    lines = []
    for b in plan.problem.buffers:
        if b.size_bytes and b.start < shown.stop and shown.start < b.end:
            place = f"[{plan.offsets[b.name]:>9,}, {plan.end_of(b):>9,})"
            lines.append(f"  {mark[b.name]}  {place}  {b.size_bytes:>9,} bytes  steps [{b.start}, {b.end})  {b.name}")
    return lines
