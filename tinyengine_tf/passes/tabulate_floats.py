"""float32 functions of one int8 tensor become tables, so that nothing of them is computed at run time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tinyengine_tf.ir import DType, Graph, Op, Tensor
from tinyengine_tf.ops.arg_extreme import ArgExtreme
from tinyengine_tf.ops.float_function import FloatFunction, FloatTable
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.quantize import Dequantize, Quantize
from tinyengine_tf.ops.unary import all_values


@dataclass(frozen=True)
class _Origin:
    """A float32 tensor as a function of an int8 one: its values for -128..127, and what computes them."""

    root: Tensor
    values: np.ndarray
    function: str = ""
    source: tuple[int, ...] = ()


def tabulate_floats(graph: Graph) -> Graph:
    """Exporters leave some operators in float32, between a DEQUANTIZE and a QUANTIZE.

        x --DEQUANTIZE--> f --ELU--> g --QUANTIZE--> y     becomes    x --Lookup--> y
        x --DEQUANTIZE--> f --SQUARE--> g                  becomes    x --Table--> g
        x --DEQUANTIZE--> f --ARG_MAX--> i                 becomes    x --ARG_MAX--> i

    Legal always for what IEEE 754 defines to the bit; for ELU, EXP and the like, which C libraries round differently
    in the last bit, where the result is quantised before anyone sees it. Indices of extremes stay where dequantising
    keeps all values apart.
    """
    visible = _visible(graph)
    origins: dict[Tensor, _Origin] = {}
    ops: list[Op] = []
    for op in graph.ops:
        origin = origins.get(op.inputs[0]) if op.inputs and op.inputs[0] is not None else None
        if isinstance(op, Dequantize) and op.input.dtype is DType.INT8:
            origins[op.output] = _Origin(op.input, op.compute(all_values(DType.INT8)))
        elif isinstance(op, FloatFunction) and origin is not None and (op.is_exact or op.output not in visible):
            name = f"{origin.function} {op.function}".strip()
            made = _Origin(origin.root, op.compute(origin.values), name, origin.source + op.source)
            origins[op.output] = made
            table = tuple(made.values.tolist())
            op = FloatTable(inputs=(made.root,), outputs=op.outputs, table=table, function=name, source=made.source)
        elif isinstance(op, Quantize) and op.output.dtype is DType.INT8 and origin is not None:
            table = tuple(op.compute(origin.values).tolist())
            name, source = f"{origin.function} QUANTIZE".strip(), origin.source + op.source
            op = Lookup(inputs=(origin.root,), outputs=op.outputs, table=table, function=name, source=source)
        elif isinstance(op, ArgExtreme) and origin is not None and not origin.function and _rises(origin.values):
            op = replace(op, inputs=(origin.root,))
        ops.append(op)
    return graph.rewrite(ops)


def _rises(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and (np.diff(values) > 0).all())


def _visible(graph: Graph) -> set[Tensor]:
    """float32 tensors that decide an output in all their bits: no QUANTIZE in between."""
    visible = set(graph.outputs)
    for op in reversed(graph.ops):
        if not isinstance(op, Quantize) and any(t in visible or t.dtype is not DType.FLOAT32 for t in op.outputs):
            visible.update(t for t in op.inputs if t is not None and t.dtype is DType.FLOAT32)
    return visible
