"""The same chain from Python: convert() writes the C, estimate() answers what it would cost.

    read -> import -> passes -> schedule -> memory plan -> C
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyengine_tf import passes, schedule
from tinyengine_tf.codegen import Bundle, Options, render
from tinyengine_tf.errors import ModelError, UsageError
from tinyengine_tf.ir import Graph
from tinyengine_tf.memory.arena import ArenaPlan, plan_arena
from tinyengine_tf.ops.importer import import_graph
from tinyengine_tf.target import Target, load_target
from tinyengine_tf.tflite import read

Model = str | Path | bytes


def load_graph(model: Model) -> Graph:
    """Read a .tflite file (path or bytes) into a graph, as the file says it.

    Raises ModelError for a malformed file, UnsupportedError for operators outside the subset.
    """
    if isinstance(model, bytes):
        return import_graph(read(model))
    path = Path(model)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint="give the path of a .tflite file") from error
    if not data:
        raise ModelError("the file is empty", where=str(path))
    return import_graph(read(data, path.stem))


def compile_graph(graph: Graph, target: Target, *, exact: bool = True) -> ArenaPlan:
    """Passes, schedule and memory plan: everything that `render` needs and `estimate` measures."""
    return plan_arena(schedule.build(passes.run(graph), target), exact=exact)
