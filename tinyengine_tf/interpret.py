"""Graph and inputs -> the value of every tensor, operator by operator: what a network means, without a compiler.

`Op.compute` says what each operator means; this only hands values on, and keeps states from one inference to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import Graph, Tensor

Values = Mapping[Tensor, np.ndarray]


def interpret(graph: Graph, inputs: Sequence[np.ndarray], states: Values | None = None) -> dict[Tensor, np.ndarray]:
    """The value of every tensor in one inference, constants among them.

    inputs  an array for each input of the graph
    states  what is remembered: a value for `before` of each state; None: the first inference
    """
    if len(inputs) != len(graph.inputs):
        raise UsageError(f"{len(inputs)} arrays for {len(graph.inputs)} inputs", where=graph.name)
    values = dict(initial_states(graph) if states is None else states)
    for tensor, array in zip(graph.inputs, inputs, strict=True):
        values[tensor] = np.asarray(array, tensor.dtype.numpy).reshape(tensor.shape)
    read = (t for op in graph.ops for t in op.inputs)
    values |= {t: t.values for t in (*read, *graph.results) if t is not None and t.const}
    for op in graph.ops:
        outputs = op.run(tuple(None if t is None else values[t] for t in op.inputs))
        values |= zip(op.outputs, outputs, strict=True)
    return values


def inferences(graph: Graph, samples: Sequence[Sequence[np.ndarray]]) -> Iterator[dict[Tensor, np.ndarray]]:
    """The value of every tensor in each of several inferences that follow, and remember, one another."""
    states: Values = initial_states(graph)
    for sample in samples:
        values = interpret(graph, sample, states)
        states = {s.before: values[s.after].reshape(s.before.shape) for s in graph.states}
        yield values


def run(graph: Graph, samples: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """The outputs of each of several inferences that follow one another."""
    return [[values[t] for t in graph.outputs] for values in inferences(graph, samples)]


def initial_states(graph: Graph) -> dict[Tensor, np.ndarray]:
    """What `before` of each state holds in the first inference."""
    return {s.before: s.initial.reshape(s.before.shape) for s in graph.states}
