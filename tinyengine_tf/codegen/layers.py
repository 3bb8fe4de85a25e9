"""What the template of net.c needs to know of each layer."""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.codegen.constants import Constants
from tinyengine_tf.codegen.functions import Functions
from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import RowWindow, row_elements, rows_of
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.schedule import Layer


@dataclass(frozen=True)
class InputView:
    """One data input of a layer and, when it is read by rows, the rows."""

    name: str
    tensor: Tensor
    pointer: str
    window: RowWindow | None
    rows: int = 0
    row_elements: int = 0
    outside: str = ""
    starts: str = ""


@dataclass(frozen=True)
class OutputView:
    name: str
    tensor: Tensor
    pointer: str
    row_elements: int = 0


@dataclass(frozen=True)
class LayerView:
    """A layer as net.c shows it. `by_rows`: one call per output row of each of `batch` images."""

    layer: Layer
    inputs: tuple[InputView, ...]
    outputs: tuple[OutputView, ...]
    by_rows: bool
    batch: int
    out_rows: int
    function: str
    tail: tuple[str, ...]
    scratch: str
    comment: tuple[str, ...]

    @property
    def reads_outside(self) -> bool:
        return any(i.outside for i in self.inputs)


def layer_views(arena: ArenaPlan, name: str, constants: Constants, functions: Functions) -> list[LayerView]:
    """Render every layer's kernel and collect its constants."""
    return [_layer_view(arena, layer, constants, functions) for layer in arena.schedule.layers]


def _layer_view(arena: ArenaPlan, layer: Layer, constants: Constants, functions: Functions) -> LayerView:
    op, layout, kernel = layer.op, layer.layout, layer.kernel
    by_rows = layout.windows is not None and not layout.flat
    inputs = tuple(_input_view(arena, layer, i, constants, by_rows) for i in range(len(op.data_inputs)))
    outputs = tuple(
        OutputView(f"out{i}", t, f"arena + {arena.offset(t)}", row_elements(t) if by_rows else 0)
        for i, t in enumerate(op.outputs)
    )
    units = layout.flat or 0
    function = functions.function(kernel.name, layer.label, kernel.template, kernel.params(op, units), kernel.needs)
    tables = tuple(constants.table(layer.label, t) for t in layer.tables)
    return LayerView(
        layer=layer, inputs=inputs, outputs=outputs, by_rows=by_rows,
        batch=op.output.shape[0] if by_rows else 1,
        out_rows=rows_of(op.output) if by_rows else 1,
        function=function,
        tail=(*tables, *kernel.args(op)),
        scratch=f"arena + {arena.scratch_offset(layer)}" if layout.scratch_bytes else "",
        comment=_comment(arena, layer),
    )


def _input_view(arena: ArenaPlan, layer: Layer, position: int, constants: Constants, by_rows: bool) -> InputView:
    tensor = layer.op.data_inputs[position]
    pointer = f"arena + {arena.offset(tensor)}"
    window = layer.layout.windows[position] if by_rows and layer.layout.windows else None
    if window is None:
        return InputView(f"in{position}", tensor, pointer, None)
    outside = ""
    if window.leaves_image(rows_of(tensor), rows_of(layer.op.output)):
        outside = "0" if window.fill is None else constants.fill(window.fill, row_elements(tensor))
    return InputView(f"in{position}", tensor, pointer, window, rows_of(tensor), row_elements(tensor), outside)


def _comment(arena: ArenaPlan, layer: Layer) -> tuple[str, ...]:
    """Where everything is and why it is so, above each layer."""
    op = layer.op
    source = ", ".join(map(str, op.source))
    lines = [f'{layer.label}  {op.KIND}  "{_comment_safe(op.name)}"' + (f"   tflite op {source}" if source else "")]
    for role, tensors in (("in ", op.data_inputs), ("out", op.outputs)):
        for t in tensors:
            shape = "x".join(map(str, t.shape)) or "scalar"
            quant = f" scale {t.scale:.6g} zero {t.zero_point}" if t.quant and not t.quant.per_channel else ""
            begin = arena.offset(t)
            lines.append(f"  {role}   {t.dtype.tflite_name.lower():8}{shape:16}{quant:32} arena [{begin}, {begin + t.nbytes})")
    if layer.tables:
        lines.append(f"  flash {layer.table_bytes} bytes;  {op.macs} MACs")
    lines.append(f"  why   {layer.kernel.name}: {layer.kernel.why}")
    return tuple(lines)


def _comment_safe(text: str) -> str:
    """Names come from the model file: keep them printable and unable to end the comment."""
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")[:100]
