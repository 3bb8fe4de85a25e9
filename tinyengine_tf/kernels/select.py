"""Operator, core -> the kernel that computes it, lowered, and why each other one does not.

Kernels are asked in the order in which they are preferred. What a kernel says of itself decides first (instructions,
element types), then what it says of the operator, then what the caller can afford.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import KERNELS, Because, Kernel, Lowered
from tinyengine_tf.machine.instruction import OutOfReach
from tinyengine_tf.target import Core

NO_BUDGET = "spends flash on speed, which needs a flash budget"
OVER_BUDGET = "spends flash on speed, and the flash budget serves better without it"


@dataclass(frozen=True)
class Choice:
    """The kernel taken, what it makes of the operator, and (name, reason) for each one passed over."""

    kernel: Kernel
    lowered: Lowered
    rejected: tuple[tuple[str, str], ...]


@cache
def candidates(kind: type[Op]) -> tuple[Kernel, ...]:
    """All kernels for one kind of operator, each before those that it is preferred to."""
    return in_order([k for k in KERNELS.values() if kind in k.ops])


def in_order(kernels: Collection[Kernel]) -> tuple[Kernel, ...]:
    """The kernels sorted by what each is `before`; of kernels that nothing orders, alphabetically.

    `before` reaches through kernels of other operators, which is why all that are registered are followed.
    """
    beyond = {k.name: _all_before(k.name, frozenset()) for k in kernels}
    left, found = sorted(kernels, key=lambda k: k.name), []
    while left:
        first = next(k for k in left if not any(k.name in beyond[other.name] for other in left))
        left.remove(first)
        found.append(first)
    return tuple(found)


def _all_before(name: str, path: frozenset[str]) -> frozenset[str]:
    """Names of all kernels that come after `name`, directly or not."""
    assert name not in path, f"kernels are preferred in a circle: {', '.join(sorted(path))}"
    following = [n for n in KERNELS[name].before if n in KERNELS]
    return frozenset(following).union(*(_all_before(n, path | {name}) for n in following))


def lower(kernel: Kernel, op: Op, core: Core) -> Lowered | Because:
    """What the kernel says; a number that its instructions cannot hold is a reason as well."""
    try:
        return kernel.lower(op, core)
    except OutOfReach as error:
        return Because(error.sentence)


def select(op: Op, core: Core, frugal: str | None = NO_BUDGET, most_scratch_bytes: int | None = None) -> Choice:
    """The first kernel that applies. Raises UnsupportedError if there is none.

    frugal               why kernels that spend flash on speed are passed over; None: they are not.
    most_scratch_bytes   working memory that a kernel may take; None: any.
    """
    best: tuple[Kernel, Lowered] | None = None
    rejected: list[tuple[str, str]] = []
    for candidate in candidates(type(op)):  # type: ignore[arg-type]  # mypy takes an instance's __hash__ for it
        if best is not None:
            rejected.append((candidate.name, f"{best[0].name} is preferred to it"))
        elif (reason := candidate.refusal(op, core)) is not None:
            rejected.append((candidate.name, reason))
        elif isinstance(lowered := lower(candidate, op, core), Because):
            rejected.append((candidate.name, lowered.reason))
        elif frugal is not None and candidate.spends_on(op):
            rejected.append((candidate.name, frugal))
        elif most_scratch_bytes is not None and lowered.working_bytes > most_scratch_bytes:
            rejected.append(
                (candidate.name, f"its {lowered.working_bytes:,} bytes of working memory would raise the peak")
            )
        else:
            best = candidate, lowered
    if best is None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in rejected) or "no kernel for this operator"
        raise UnsupportedError([f"{op.KIND} {op.name!r}: {reasons}"])
    return Choice(*best, tuple(rejected))
