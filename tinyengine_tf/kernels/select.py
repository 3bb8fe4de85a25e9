"""Which kernel computes an operator on a target, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import KERNELS, Kernel
from tinyengine_tf.target import ISAS, Target

NO_BUDGET = "spends flash on speed, which needs a flash budget"
OVER_BUDGET = "spends flash on speed, and the flash budget serves better without it"


@dataclass(frozen=True)
class Choice:
    """The kernel taken and (name, reason) for each one passed over."""

    kernel: Kernel
    rejected: tuple[tuple[str, str], ...]


@cache
def candidates(kind: type[Op]) -> tuple[Kernel, ...]:
    """All kernels for one kind of operator, highest rank first."""
    return tuple(sorted((k for k in KERNELS if kind in k.ops), key=lambda k: (-k.rank, k.name)))


def select(op: Op, target: Target, frugal: str | None = NO_BUDGET, most_scratch_bytes: int | None = None) -> Choice:
    """The applicable kernel of highest rank. Raises UnsupportedError if there is none.

    frugal               why kernels that spend flash on speed are passed over; None: they are not.
    most_scratch_bytes   working memory that a kernel may take; None: any.
    """
    best: Kernel | None = None
    rejected: list[tuple[str, str]] = []
    for candidate in candidates(type(op)):  # type: ignore[arg-type]  # mypy takes an instance's __hash__ for it
        if best is not None:
            rejected.append((candidate.name, f"{best.name} is more specialised"))
        elif ISAS.index(candidate.isa) > ISAS.index(target.isa):
            rejected.append((candidate.name, f"{target.core} has no {candidate.isa} instructions"))
        elif (reason := candidate.rejects(op, target)) is not None:
            rejected.append((candidate.name, reason))
        elif frugal is not None and candidate.spends_flash:
            rejected.append((candidate.name, frugal))
        elif most_scratch_bytes is not None and (taken := _working_bytes(candidate, op)) > most_scratch_bytes:
            rejected.append((candidate.name, f"its {taken:,} bytes of working memory would raise the peak"))
        else:
            best = candidate
    if best is None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in rejected) or "no kernel for this operator"
        raise UnsupportedError([f"{op.KIND} {op.name!r}: {reasons}"])
    return Choice(best, tuple(rejected))


def _working_bytes(kernel: Kernel, op: Op) -> int:
    layout = kernel.layout(op)
    return layout.scratch_bytes + layout.state_bytes
