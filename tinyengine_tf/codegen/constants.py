"""The constant arrays of a generated model: named once, written once, shared when equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyengine_tf.errors import InternalError
from tinyengine_tf.ir import DType, Tensor
from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.literal import c_float, c_integer
from tinyengine_tf.regions import Region


@dataclass(frozen=True)
class Array:
    """One C array. `region` None: wherever the firmware's linker puts .rodata."""

    name: str
    ctype: str
    values: np.ndarray
    region: Region | None = None

    @property
    def nbytes(self) -> int:
        return self.values.size * np.dtype({"float": "float32"}.get(self.ctype, self.ctype.removesuffix("_t"))).itemsize

    @property
    def lines(self) -> list[str]:
        """The initialiser, 16 or 8 values a line."""
        if self.ctype == "float":
            texts = [c_float(float(v)) for v in self.values]
        else:
            texts = [c_integer(int(v)) for v in self.values]
        step = 20 if self.ctype in ("int8_t", "uint8_t") else 10
        return [", ".join(texts[i : i + step]) for i in range(0, len(texts), step)]


class Constants:
    """Collects arrays while layers are rendered. Equal contents of equal type share one array."""

    def __init__(self, prefix: str):
        self.prefix = prefix
        self._by_content: dict[tuple[str, bytes], str] = {}
        self._tensors: dict[Tensor, str] = {}
        self._fills: dict[tuple[DType, int], int] = {}
        self._fixed: list[Array] = []

    def table(self, label: str, table: Table, region: Region | None = None) -> str:
        """The C name of a layer's table. An array that is shared stays where its first layer has it."""
        return self._add(f"{label}_{table.name}", table.ctype, table.build().reshape(-1), region)

    def tensor(self, tensor: Tensor) -> str:
        """The C name of a constant tensor that is read as it is."""
        if tensor not in self._tensors:
            label = f"T{tensor.source if tensor.source is not None else len(self._tensors):02d}"
            self._tensors[tensor] = self._add(label, tensor.dtype.c, tensor.values.reshape(-1))
        return self._tensors[tensor]

    def fill(self, dtype: DType, value: int, elements: int) -> str:
        """The C name of a constant row of `value`; one row of a type, the longest asked for, serves all."""
        self._fills[dtype, value] = max(self._fills.get((dtype, value), 0), elements)
        return self._fill_name(dtype, value)

    def _fill_name(self, dtype: DType, value: int) -> str:
        of = "" if dtype is DType.INT8 else f"{dtype.tflite_name.lower()}_"
        return f"{self.prefix}_row_of_{of}{'minus_' if value < 0 else ''}{abs(value)}"

    def _add(self, suffix: str, ctype: str, values: np.ndarray, region: Region | None = None) -> str:
        if ctype != "float" and values.size:
            limits = np.iinfo(ctype.removesuffix("_t"))
            if int(values.min()) < limits.min or int(values.max()) > limits.max:
                raise InternalError(f"{values.min()} to {values.max()} in a table of {ctype}", where=suffix)
        key = (ctype, np.ascontiguousarray(values).astype(np.float64 if ctype == "float" else np.int64).tobytes())
        if key not in self._by_content:
            self._by_content[key] = f"{self.prefix}_{suffix}"
            self._fixed.append(Array(self._by_content[key], ctype, values, region))
        return self._by_content[key]

    @property
    def arrays(self) -> list[Array]:
        in_order = sorted(self._fills.items(), key=lambda item: (item[0][0].tflite_name, item[0][1]))
        fills = [Array(self._fill_name(dtype, v), dtype.c, np.full(n, v)) for (dtype, v), n in in_order]
        return self._fixed + fills
