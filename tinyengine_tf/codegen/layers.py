"""What the template of net.c needs to know of each step and layer."""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.codegen.address import Address
from tinyengine_tf.codegen.constants import Constants
from tinyengine_tf.codegen.functions import Functions
from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import ROW, Arg, RowWindow, Table, row_elements, rows_of
from tinyengine_tf.kernels.literal import c_integer
from tinyengine_tf.memory.arena import ArenaPlan, Share
from tinyengine_tf.schedule import Layer, Step

FED_COUNTER = "fed"
"""C name of the number of input rows that have arrived."""


def image_symbol(prefix: str) -> str:
    """C name of the pointer to the image that lies outside the arena."""
    return f"{prefix}_image"


def pitch_symbol(prefix: str) -> str:
    """C name of the number of elements from one row of that image to the next."""
    return f"{prefix}_pitch"


def place(arena: ArenaPlan, prefix: str, share: Share, offset_bytes: int) -> Address:
    """A place in a share: of the arena that functions are given, or of a static one."""
    given = share is arena.shares[0] or share.region is None
    return Address.in_arena(offset_bytes, None if given else f"{share_symbol(prefix, share)}.bytes")


def share_symbol(prefix: str, share: Share) -> str:
    """C name of the static arena of a share beyond the first."""
    return f"{prefix}_arena_{share.place.lower()}"


@dataclass(frozen=True)
class TensorView:
    """A tensor as a layer function sees it: where it begins and, if it is walked by rows, how.

    name     C variable; `address` that of its first row
    window   rows that one output row reads (inputs of row layers); None: a pointer to all of it
    places   rows that fit, if the tensor lies in a ring inside a pipeline; 0: all rows are there
    pitch    elements from one row to the next, or the C variable that tells
    outside  what stands for rows outside the image, "" if none is ever read
    starts   C name of the table of first rows, for windows that have one
    """

    name: str
    tensor: Tensor
    address: Address
    window: RowWindow | None = None
    rows: int = 0
    row_elements: int = 0
    places: int = 0
    pitch: int | str = 0
    outside: str = ""
    starts: str = ""

    def row(self, index: str) -> str:
        """C expression for row `index`, which exists."""
        if self.places == 1:
            return self.name
        if self.places and self.places < self.rows:
            index = f"{index} % {self.places}"
        return f"{self.name} + {index} * {self.pitch}"

    def first(self, y: str) -> str:
        """C expression for the first row that output row `y` reads."""
        assert self.window is not None
        if self.starts:
            return f"{self.starts}[{y}]"
        scaled = y if self.window.stride == 1 else f"{y} * {self.window.stride}"
        return f"{scaled} - {self.window.pad}" if self.window.pad else scaled


@dataclass(frozen=True)
class LayerView:
    """A layer as net.c shows it. `by_rows`: its function computes row y of image n; else all at once."""

    layer: Layer
    inputs: tuple[TensorView, ...]
    outputs: tuple[TensorView, ...]
    by_rows: bool
    batch: int
    out_rows: int
    function: str
    tail: tuple[str | Address, ...]
    comment: tuple[str, ...]

    @property
    def ignores_arena(self) -> bool:
        """Whether all that a function works on lies in other static arenas."""
        places = (*(t.address for t in (*self.inputs, *self.outputs)), *self.tail)
        return not any(isinstance(p, Address) and p.is_arena and p.base is None for p in places)

    @property
    def ignores_row(self) -> bool:
        """Whether a row function has no use for the row's number: all its rows lie in the same place."""
        rows = [i for i in self.inputs if i.window] + [o for o in self.outputs if o.window]
        return (
            self.by_rows and ROW not in self.layer.lowered.args and all(t.places == 1 and not t.outside for t in rows)
        )


@dataclass(frozen=True)
class WantView:
    """What a layer of a pipeline wants before computing row y: `rows` (a C expression) rows of `producer`, or, if that
    is None, of the input that is fed."""

    producer: LayerView | None
    rows: str


@dataclass(frozen=True)
class StageView:
    """A layer of a pipeline and what it wants, in order."""

    view: LayerView
    wants: tuple[WantView, ...]


@dataclass(frozen=True)
class StepView:
    """A step; `stages` is empty unless rows take turns. `fed` is the ring into which input rows arrive."""

    step: Step
    layers: tuple[LayerView, ...]
    stages: tuple[StageView, ...]
    fed: TensorView | None = None


class Views:
    """Renders every layer's kernel, collecting constants and functions, and describes steps for the template."""

    def __init__(self, arena: ArenaPlan, constants: Constants, functions: Functions):
        self._arena, self._constants, self._functions = arena, constants, functions

    def steps(self) -> list[StepView]:
        return [self._step(step) for step in self._arena.schedule.steps]

    def _step(self, step: Step) -> StepView:
        views = tuple(self._layer(step, layer) for layer in step.layers)
        return StepView(step, views, _stages(step, views) if step.fused else (), self._fed(step))

    def _fed(self, step: Step) -> TensorView | None:
        if step.fed is None:
            return None
        return self._by_rows(step, "ring", step.fed)

    def _by_rows(
        self,
        step: Step,
        name: str,
        tensor: Tensor,
        window: RowWindow = RowWindow(),
        outside: str = "",
        starts: str = "",
    ) -> TensorView:
        ring, elements = step.rings.get(tensor), row_elements(tensor)
        places, pitch = (
            (ring.places, ring.pitch_bytes // tensor.dtype.nbytes) if ring else (0, self._pitch(step, tensor))
        )
        return TensorView(
            name, tensor, self._address(tensor), window, rows_of(tensor), elements, places, pitch, outside, starts
        )

    def _pitch(self, step: Step, tensor: Tensor) -> int | str:
        """Elements between rows of a tensor that is in no ring."""
        if self._arena.schedule.outside(tensor):
            return pitch_symbol(self._constants.prefix)
        return row_elements(step.parts[tensor].whole if tensor in step.parts else tensor)

    def _layer(self, step: Step, layer: Layer) -> LayerView:
        op, layout = layer.op, layer.layout
        by_rows = step.fused or (layout.windows is not None and not layout.flat)
        inputs = tuple(self._input(step, layer, i, by_rows) for i in range(len(op.data_inputs)))
        outputs = tuple(self._output(step, i, t, by_rows and not layout.gathers) for i, t in enumerate(op.outputs))
        units = layout.flat // rows_of(op.output) if by_rows and layout.flat else layout.flat
        function = self._functions.function(layer.kernel.name, layer.label, layer.lowered.code, units)
        scratch = (self._place(*self._arena.scratch(step)),) if layout.scratch_bytes else ()
        state = (self._place(*self._arena.state(layer)),) if layout.state_bytes else ()
        region = self._arena.constants.get(layer)
        tables = tuple(self._constants.table(layer.label, t, region) for t in layer.tables)
        return LayerView(
            layer=layer,
            inputs=inputs,
            outputs=outputs,
            by_rows=by_rows,
            batch=op.output.shape[0] if by_rows else 1,
            out_rows=layer.calls if by_rows else 1,
            function=function,
            tail=(*scratch, *state, *tables, *map(c_argument, layer.lowered.args)),
            comment=self._comment(step, layer),
        )

    def _input(self, step: Step, layer: Layer, position: int, by_rows: bool) -> TensorView:
        tensor = layer.op.data_inputs[position]
        name, address = f"in{position}", self._address(tensor)
        window = layer.layout.windows[position] if by_rows and layer.layout.windows else None
        if window is None:
            return TensorView(name, tensor, address)
        outside, starts = "", ""
        if window.leaves_image(rows_of(tensor), layer.calls):
            outside = (
                "0" if window.fill is None else self._constants.fill(tensor.dtype, window.fill, row_elements(tensor))
            )
        if window.starts is not None:
            starts = self._constants.table(layer.label, Table.of_places(f"starts{position}", window.starts))
        return self._by_rows(step, name, tensor, window, outside, starts)

    def _output(self, step: Step, position: int, tensor: Tensor, by_rows: bool) -> TensorView:
        return (
            self._by_rows(step, f"out{position}", tensor)
            if by_rows
            else TensorView(f"out{position}", tensor, self._address(tensor))
        )

    def _address(self, tensor: Tensor) -> Address:
        if self._arena.schedule.outside(tensor):
            first = self._arena.schedule.owner(tensor)[1] // tensor.dtype.nbytes
            return Address(image_symbol(self._constants.prefix), first)
        return self._place(self._arena.share(tensor), self._arena.offset(tensor))

    def _place(self, share: Share, offset_bytes: int) -> Address:
        return place(self._arena, self._constants.prefix, share, offset_bytes)

    def _comment(self, step: Step, layer: Layer) -> tuple[str, ...]:
        """Where everything is and why it is so, above each layer."""
        op = layer.op
        source = ", ".join(map(str, op.source))
        lines = [f'{layer.label}  {op.KIND}  "{_comment_safe(op.name)}"' + (f"   tflite op {source}" if source else "")]
        for role, tensors in (("in ", op.data_inputs), ("out", op.outputs)):
            lines.extend(f"  {role}   {self._describe(step, t)}" for t in tensors)
        if layer.tables:
            lines.append(f"  flash {layer.table_bytes} bytes;  {op.macs} MACs")
        lines.append(f"  why   {layer.kernel.name}: {layer.kernel.why}")
        return tuple(lines)

    def _describe(self, step: Step, t: Tensor) -> str:
        shape = "x".join(map(str, t.shape)) or "scalar"
        quant = f" scale {t.scale:.6g} zero {t.zero_point}" if t.quant and not t.quant.per_channel else ""
        what = f"{t.dtype.tflite_name.lower():8}{shape:16}{quant:32}"
        ring, part = step.rings.get(t), step.parts.get(t)
        if part is not None:
            columns = f"columns {part.column} to {part.column + t.shape[2] - 1} of"
            return f"{what} {columns} {'the image' if self._arena.schedule.outside(t) else part.whole.shape[2]}"
        if self._arena.schedule.outside(t):
            return f"{what} the image"
        begin, place = self._arena.offset(t), self._arena.share(t).place
        if ring is None:
            return f"{what} {place} [{begin}, {begin + t.nbytes})"
        end = begin + (ring.places - 1) * ring.pitch_bytes + t.nbytes // rows_of(t)
        return f"{what} {place} [{begin}, {end}), a ring of {ring.rows} of its rows"


def _stages(step: Step, views: tuple[LayerView, ...]) -> tuple[StageView, ...]:
    """For each layer of a pipeline, the rows that its row y needs, last made first (see schedule.rows)."""
    position = {v.layer.op.output: k for k, v in enumerate(views)} | {step.fed: -1}
    stages = []
    for v in views:
        made = ((step.parts[i.tensor].whole if i.tensor in step.parts else i.tensor, i) for i in v.inputs if i.window)
        inputs = sorted(((position[t], i) for t, i in made if t in position), key=lambda found: -found[0])
        wants = (WantView(views[at] if at >= 0 else None, _rows_wanted(i, v.out_rows)) for at, i in inputs)
        stages.append(StageView(v, tuple(wants)))
    return tuple(stages)


def _rows_wanted(view: TensorView, out_rows: int) -> str:
    """C expression for the number of rows that must exist before row y is computed."""
    window = view.window
    assert window is not None
    reach = (window.size - 1) * window.dilation + 1
    if view.starts:
        text = f"{view.starts}[y] + {reach}"
    else:
        text = "y" if window.stride == 1 else f"y * {window.stride}"
        beyond = reach - window.pad
        text += f" + {beyond}" if beyond > 0 else f" - {-beyond}" if beyond else ""
    too_many = max(window.last(y) for y in range(out_rows)) >= view.rows
    return f"{text} < {view.rows} ? {text} : {view.rows}" if too_many else text


def c_argument(arg: Arg) -> str:
    """An argument of a kernel's function in C."""
    return c_integer(arg) if isinstance(arg, int) else arg.value


def _comment_safe(text: str) -> str:
    """Names come from the model file: keep them printable and unable to end the comment."""
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")[:100]
