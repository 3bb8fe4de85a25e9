"""Graph -> storage: which tensors are only another name for (a part of) another tensor's memory.

A reshape, or a slice that lies densely in its input, is its input under another name. A concatenation whose inputs
lie one after the other in its output needs no copy either: its inputs are computed right where they belong. That
makes the output live from the first of them on, so it is a choice, not a rule. What a recurrent operator keeps
between inferences is replaced where it lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.concatenation import Concatenation

Storage = Mapping[Tensor, tuple[Tensor, int]]
"""Tensor -> (tensor that owns the memory, offset in bytes); tensors that are missing own theirs."""


def storage_of(graph: Graph, joined: Iterable[Op] = ()) -> Storage:
    """Where tensors lie; `joined`: concatenations that are not copied (see `joinable`)."""
    joined = set(joined)
    storage: dict[Tensor, tuple[Tensor, int]] = {}
    for op in graph.ops:
        storage |= {s.after: (s.before, 0) for s in op.states}
        if op.view_offset is not None:
            owner, begin = storage.get(op.input, (op.input, 0))
            storage[op.output] = (owner, begin + op.view_offset * op.input.dtype.nbytes)
        elif op in joined:
            at = 0
            for t in op.data_inputs:
                storage[_whole(t, storage)] = (op.output, at)
                at += t.nbytes
    return {t: _resolved(t, storage) for t in storage}


def joinable(graph: Graph) -> list[Concatenation]:
    """Concatenations whose inputs can be computed in place, each on its own and all together."""
    storage: dict[Tensor, tuple[Tensor, int]] = dict(storage_of(graph))
    made = {t for op in graph.ops if op.view_offset is None for t in op.outputs}
    found = []
    for op in graph.ops:
        if not isinstance(op, Concatenation) or op.outer != 1 or len(op.data_inputs) != len(op.inputs):
            continue
        wholes = [_whole(t, storage) for t in op.data_inputs]
        if all(
            w in made and w not in storage and w.nbytes == t.nbytes for w, t in zip(wholes, op.data_inputs, strict=True)
        ):
            if len(set(wholes)) == len(wholes):
                found.append(op)
                storage |= {w: (op.output, 0) for w in wholes}
    return found


def _whole(tensor: Tensor, storage: Mapping[Tensor, tuple[Tensor, int]]) -> Tensor:
    """The tensor that is computed, behind its other names."""
    while tensor in storage and storage[tensor][1] == 0 and storage[tensor][0].nbytes == tensor.nbytes:
        tensor = storage[tensor][0]
    return tensor


def _resolved(tensor: Tensor, storage: Mapping[Tensor, tuple[Tensor, int]]) -> tuple[Tensor, int]:
    offset = 0
    while tensor in storage:
        tensor, inside = storage[tensor]
        offset += inside
    return tensor, offset
