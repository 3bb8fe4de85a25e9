"""Graph, Target, flash budget -> a layer, with its kernel, for every operator that computes something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tinyengine_tf.errors import DoesNotFitError, UnsupportedError
from tinyengine_tf.ir import Graph, Op
from tinyengine_tf.kernels.select import NO_BUDGET, OVER_BUDGET, select
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.storage import Storage, storage_of
from tinyengine_tf.target import Target


def choose_kernels(
    graph: Graph, target: Target, joined: Collection[Op] = (), flash_budget_bytes: int | None = None
) -> tuple[tuple[Layer, ...], Storage]:
    """(layers in order, storage). Operators that only name memory, and `joined` concatenations, are no layers.

    Raises UnsupportedError naming every operator without a kernel, DoesNotFitError if the least that constants can take
    is more than the budget.
    """
    frugal = why_frugal(flash_budget_bytes)
    layers: list[Layer] = []
    problems: list[str] = []
    for op in graph.ops:
        if op.view_offset is not None or op in joined:
            continue
        try:
            layers.append(_layer(len(layers), op, target, frugal))
        except UnsupportedError as error:
            problems.extend(error.problems)
    if problems:
        raise UnsupportedError(problems, where=graph.name)
    if flash_budget_bytes is not None:
        layers = _spend(layers, target, flash_budget_bytes, graph.name)
    return tuple(layers), storage_of(graph, joined)


def why_frugal(flash_budget_bytes: int | None) -> str:
    return NO_BUDGET if flash_budget_bytes is None else OVER_BUDGET


def with_less_scratch(
    layers: Sequence[Layer], most_bytes: Mapping[int, int], target: Target, frugal: str
) -> tuple[Layer, ...]:
    """The layers, some with kernels of less working memory: `most_bytes` by index, where there is such a kernel."""
    found = []
    for layer in layers:
        if layer.index in most_bytes:
            try:
                layer = _layer(layer.index, layer.op, target, frugal, most_bytes[layer.index])
            except UnsupportedError:
                pass  # every kernel needs more: the layer is computed all the same
        found.append(layer)
    return tuple(found)


def _layer(index: int, op: Op, target: Target, frugal: str | None, most_scratch_bytes: int | None = None) -> Layer:
    choice = select(op, target.processor, frugal, most_scratch_bytes)
    return Layer(index, op, choice.kernel, choice.lowered, target.processor, choice.rejected)


def _spend(layers: Sequence[Layer], target: Target, budget_bytes: int, where: str) -> list[Layer]:
    """The layers with those kernels that save most instructions within the budget for constants."""
    least = sum(layer.table_bytes for layer in layers)
    if least > budget_bytes:
        raise DoesNotFitError(
            f"the constants need at least {least:,} bytes, the flash budget is {budget_bytes:,}",
            needed_bytes=least,
            budget_bytes=budget_bytes,
            where=where,
            hint="a larger budget or a narrower model",
        )
    fast = [_layer(layer.index, layer.op, target, None) for layer in layers]
    offers = [
        (b.table_bytes - a.table_bytes, a.instructions - b.instructions) for a, b in zip(layers, fast, strict=True)
    ]
    taken = best_purchases(offers, budget_bytes - least)
    return [fast[layer.index] if layer.index in taken else layer for layer in layers]


def best_purchases(offers: Sequence[tuple[int, float]], budget: int) -> frozenset[int]:
    """Which offers (price, gain) to take within the budget: the largest sum of gains, and the cheapest way to it.

    Exact: of the ways to choose among the first offers, those are kept that no other equals or betters in both.
    """
    front: list[tuple[int, float, frozenset[int]]] = [(0, 0.0, frozenset())]
    for index, (price, gain) in enumerate(offers):
        if gain <= 0:
            continue
        ways = front + [(p + price, g + gain, taken | {index}) for p, g, taken in front if p + price <= budget]
        front = []
        for way in sorted(ways, key=lambda way: (way[0], -way[1])):
            if not front or way[1] > front[-1][1]:
                front.append(way)
    return front[-1][2]
