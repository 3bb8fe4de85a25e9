"""Graph -> Graph rewrites that keep every output bit, in the order of `PASSES`."""

from __future__ import annotations

from functools import lru_cache

from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import Graph
from tinyengine_tf.passes.base import GraphPass, Observer, run_passes
from tinyengine_tf.passes.dense_depthwise import dense_depthwise
from tinyengine_tf.passes.drop_dead import drop_dead
from tinyengine_tf.passes.fold_constants import fold_constants
from tinyengine_tf.passes.fold_pad import fold_pad
from tinyengine_tf.passes.fuse_activation import fuse_activation
from tinyengine_tf.passes.int8_boundary import int8_boundary
from tinyengine_tf.passes.load_constants import load_constants
from tinyengine_tf.passes.merge_lookups import merge_lookups
from tinyengine_tf.passes.remove_noops import remove_noops
from tinyengine_tf.passes.separate_states import separate_states
from tinyengine_tf.passes.shrink import shrink
from tinyengine_tf.passes.tabulate import tabulate
from tinyengine_tf.passes.tabulate_floats import tabulate_floats

PASSES: tuple[GraphPass, ...] = (
    fold_constants,
    tabulate_floats,
    tabulate,
    drop_dead,
    merge_lookups,
    fuse_activation,
    remove_noops,
    fold_pad,
    load_constants,
    shrink,
    dense_depthwise,
    drop_dead,
    separate_states,
)

BOUNDARY_PASSES: tuple[GraphPass, ...] = (int8_boundary,)

IO_MODES = ("model", "int8")

MOST_KNOWN = 4
"""Graphs whose result is kept: several estimates of one graph run its passes, and prove its kernels exact, once."""


def check_io(io: str) -> None:
    """Raise UsageError unless `io` is one of IO_MODES."""
    if io not in IO_MODES:
        raise UsageError(f"io is {io!r}", hint=f"one of {', '.join(IO_MODES)}")


def run(graph: Graph, *, io: str = "model", observe: Observer | None = None) -> Graph:
    """Apply all passes; `observe(name, graph)` sees the graph after each.

    io   "model" keeps the types of the graph's inputs and outputs; "int8" also runs the passes of
         `BOUNDARY_PASSES`, which drop QUANTIZE at inputs and DEQUANTIZE at outputs.
    """
    check_io(io)
    return run_passes(graph, _passes(io), observe) if observe is not None else _result(graph, io)


def _passes(io: str) -> tuple[GraphPass, ...]:
    return (BOUNDARY_PASSES if io == "int8" else ()) + PASSES


@lru_cache(maxsize=MOST_KNOWN)
def _result(graph: Graph, io: str) -> Graph:
    return run_passes(graph, _passes(io))
