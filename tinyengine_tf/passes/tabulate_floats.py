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
    """A float32 tensor as a function of an int8 one: its values for -128..127, and what computes them.

    low, high   between which every C library's results lie; equal to `values` for what IEEE 754 defines to the bit
    """

    root: Tensor
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    function: str = ""
    source: tuple[int, ...] = ()

    def through(self, op: FloatFunction) -> _Origin:
        """The function's result, likewise."""
        low, high = op.bounds(self.low, self.high)
        name = f"{self.function} {op.function}".strip()
        return _Origin(self.root, op.compute((self.values,))[0], low, high, name, self.source + op.source)

    def proves(self, op: Quantize) -> bool:
        """Whether the integers are the same whichever C library computed the floats."""
        return np.array_equal(op.compute((self.low,)), op.compute((self.high,)))


def tabulate_floats(graph: Graph) -> Graph:
    """Exporters leave some operators in float32, between a DEQUANTIZE and a QUANTIZE.

        x --DEQUANTIZE--> f --ELU--> g --QUANTIZE--> y     becomes    x --Lookup--> y
        x --DEQUANTIZE--> f --SQUARE--> g                  becomes    x --Table--> g
        x --DEQUANTIZE--> f --ARG_MAX--> i                 becomes    x --ARG_MAX--> i

    Legal always for what IEEE 754 defines to the bit; for ELU, EXP and the like, which C libraries round differently
    in the last bits, where every reader is a QUANTIZE whose integers those bits cannot change, or another function of
    which the same is true. Indices of extremes stay where dequantising keeps all values apart.
    """
    origins = _origins(graph)
    settled = _settled(graph, origins)
    ops: list[Op] = []
    for op in graph.ops:
        origin = origins.get(op.inputs[0]) if op.inputs and op.inputs[0] is not None else None
        if origin is None or (origin.function and op.input not in settled):
            pass
        elif isinstance(op, FloatFunction) and op.output in settled:
            made = origins[op.output]
            table = tuple(made.values.tolist())
            op = FloatTable(
                inputs=(made.root,), outputs=op.outputs, table=table, function=made.function, source=made.source
            )
        elif isinstance(op, Quantize) and op.output.dtype is DType.INT8:
            table = tuple(op.compute((origin.values,))[0].tolist())
            name, source = f"{origin.function} QUANTIZE".strip(), origin.source + op.source
            op = Lookup(inputs=(origin.root,), outputs=op.outputs, table=table, function=name, source=source)
        elif isinstance(op, ArgExtreme) and not origin.function and _rises(origin.values):
            op = replace(op, inputs=(origin.root,))
        ops.append(op)
    return graph.rewrite(ops)


def _origins(graph: Graph) -> dict[Tensor, _Origin]:
    """The float32 tensors that are functions of an int8 one."""
    found: dict[Tensor, _Origin] = {}
    for op in graph.ops:
        if isinstance(op, Dequantize) and op.input.dtype is DType.INT8:
            (values,) = op.compute((all_values(DType.INT8),))
            found[op.output] = _Origin(op.input, values, values, values)
        elif isinstance(op, FloatFunction) and op.input in found:
            found[op.output] = found[op.input].through(op)
    return found


def _settled(graph: Graph, origins: dict[Tensor, _Origin]) -> set[Tensor]:
    """Of these, the ones whose tables serve every reader: exact, or seen only by readers that cannot tell."""
    settled: set[Tensor] = set()
    for t, origin in reversed(origins.items()):
        if np.array_equal(origin.low, origin.high, equal_nan=True):
            settled.add(t)
        elif t not in graph.results and all(
            origin.proves(op) if isinstance(op, Quantize) else isinstance(op, FloatFunction) and op.output in settled
            for op in graph.readers(t)
        ):
            settled.add(t)
    return settled


def _rises(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and (np.diff(values) > 0).all())
