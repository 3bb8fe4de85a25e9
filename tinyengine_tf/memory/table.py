"""Problems and plans as CSV, so that every plan can be kept, compared and replayed.

Two tables in one file, the second only where there are overlaps:

    id,lower,upper,size,alignment,offset        one row per buffer; alive in steps lower <= step < upper
    over,under,distance                         after an empty line; 8: so much or more, =8: exactly (problem.Overlap)

The first is minimalloc's format with an alignment column. A problem has no offset column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from tinyengine_tf.errors import InternalError, UsageError
from tinyengine_tf.memory.bound import lower_bound_bytes
from tinyengine_tf.memory.pairs import instance_of
from tinyengine_tf.memory.problem import Buffer, Overlap, Plan, Problem
from tinyengine_tf.memory.verify import verify

BUFFER_COLUMNS = ["id", "lower", "upper", "size", "alignment"]
OVERLAP_COLUMNS = ["over", "under", "distance"]
EXACTLY = "="


def write_problem(problem: Problem) -> str:
    return _write(problem, None)


def write_plan(plan: Plan) -> str:
    return _write(plan.problem, plan.offsets)


def read_problem(text: str) -> Problem:
    """The problem in a file, with or without offsets. Raises UsageError naming the row that is wrong."""
    return _read(text)[0]


def read_plan(text: str) -> Plan:
    """The plan in a file, verified anew: UsageError for a bad file, BadPlan for offsets that break a rule."""
    problem, offsets = _read(text)
    if offsets is None:
        raise UsageError("the file holds a problem, not a plan", where="plan CSV", hint="add the column 'offset'")
    peak = max((offsets[b.name] + b.size_bytes for b in problem.buffers if b.size_bytes), default=0)
    # Offsets that break a rule may lie below the bound; verify() must name that rule, not the bound.
    bound = min(lower_bound_bytes(instance_of(problem)), peak)
    plan = Plan(problem, offsets, peak, bound, peak == bound, "read from CSV")
    verify(plan)
    return plan


def _write(problem: Problem, offsets: Mapping[str, int] | None) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(BUFFER_COLUMNS + (["offset"] if offsets is not None else []))
    for b in problem.buffers:
        row = [b.name, b.start, b.end, b.size_bytes, b.align]
        writer.writerow(row + ([offsets[b.name]] if offsets is not None else []))
    if problem.overlaps:
        out.write("\n")
        writer.writerow(OVERLAP_COLUMNS)
        writer.writerows([o.over, o.under, f"{EXACTLY if o.exact else ''}{o.distance}"] for o in problem.overlaps)
    return out.getvalue()


def _read(text: str) -> tuple[Problem, dict[str, int] | None]:
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0] not in (BUFFER_COLUMNS, [*BUFFER_COLUMNS, "offset"]):
        raise UsageError(f"the first row must be {','.join(BUFFER_COLUMNS)}[,offset]", where="plan CSV")
    split = rows.index([]) if [] in rows else len(rows)
    pair_rows = rows[split + 1 :]
    if pair_rows and pair_rows[0] != OVERLAP_COLUMNS:
        raise UsageError(f"the row after the empty one must be {','.join(OVERLAP_COLUMNS)}", where="plan CSV")
    buffers, offsets, overlaps = [], {}, []
    row: list[str] = []
    try:
        for row in rows[1:split]:
            if len(row) != len(rows[0]):
                raise ValueError(f"{len(row)} fields, expected {len(rows[0])}")
            name, lower, upper, size, align = row[:5]
            buffers.append(Buffer(name, int(size), int(lower), int(upper), int(align)))
            offsets[name] = int(row[5]) if len(row) > 5 else 0
        for row in pair_rows[1:]:
            over, under, distance = row
            exact = distance.startswith(EXACTLY)
            overlaps.append(Overlap(over, under, int(distance.removeprefix(EXACTLY)), exact))
        problem = Problem(tuple(buffers), tuple(overlaps))
    except (ValueError, InternalError) as error:
        raise UsageError(str(error), where=f"plan CSV, row {','.join(row)!r}") from error
    return problem, offsets if "offset" in rows[0] else None
