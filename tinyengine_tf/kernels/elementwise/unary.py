"""What kernels that read one element and write one element share: a row of any length is done as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, Table


def unary(
    op: Op,
    template: str,
    further: Mapping[str, Any] | Callable[[int], Mapping[str, Any]] = {},  # noqa: B006  never written
    tables: tuple[Table, ...] = (),
) -> Lowered:
    """A kernel over `count` elements; `further` are values of the template beyond the types, or what makes them."""

    def params(units: int) -> dict[str, Any]:
        more = further(units) if callable(further) else further
        return {"count": units, "in_type": op.input.dtype.c, "out_type": op.output.dtype.c, **more}

    return Lowered(Code(template, params), Layout((RowWindow(),), flat=op.output.elements, hold=0), tables)
