"""--io int8: the network takes and gives the int8 values that it computes with."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.ir import DType, Graph, Op, Tensor
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.quantize import Dequantize, Quantize


def int8_boundary(graph: Graph) -> Graph:
    """Drop conversions at the network's inputs and outputs.

        float x --QUANTIZE--> q ...                 becomes    int8 input q ...
        ... q --DEQUANTIZE--> float y               becomes    ... int8 output q
        uint8 x --QUANTIZE, same scale--> q ...     becomes    int8 input q = x - 128 ...

    Legal when an input has no readers but such conversions, all to one quantisation. Whatever is between
    the boundaries computes as before; who feeds the network now quantises. Conversions that change more than a
    uint8's sign bit, or give another shape, stay.
    """
    outputs = tuple(_before_output(graph, t) for t in graph.outputs)
    inputs: list[Tensor] = []
    alias: dict[Tensor, Tensor] = {}
    dropped: set[Op] = set()
    for tensor in graph.inputs:
        readers = graph.readers(tensor)
        if tensor in (*outputs, *graph.results) or tensor in inputs or not _only_enters(readers):
            inputs.append(tensor)
            continue
        entry = readers[0].output
        inputs.append(entry)
        dropped.update(readers)
        alias.update({op.output: entry for op in readers[1:]})
    kept = [op for op in graph.ops if op not in dropped]
    return replace(graph, inputs=tuple(inputs), outputs=outputs).rewrite(kept, alias)


def _before_output(graph: Graph, tensor: Tensor) -> Tensor:
    """What a graph output was converted from, or itself."""
    op = graph.producer.get(tensor)
    leaves = isinstance(op, Dequantize) or isinstance(op, Lookup) and op.flips_sign_bit
    return op.input if op is not None and leaves and op.input.dtype is DType.INT8 and _keeps_shape(op) else tensor


def _only_enters(readers: tuple[Op, ...]) -> bool:
    """Whether all readers are the same conversion to int8."""
    return bool(readers) and all(
        (isinstance(op, Quantize) or isinstance(op, Lookup) and op.flips_sign_bit)
        and op.output.dtype is DType.INT8
        and op.output.quant == readers[0].output.quant
        and _keeps_shape(op)
        for op in readers
    )


def _keeps_shape(op: Op) -> bool:
    return op.input.shape == op.output.shape
