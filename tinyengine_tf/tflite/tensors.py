"""Tensors and constants: one tensor table and the file's buffers -> RawTensor."""

from __future__ import annotations

import math

import numpy as np

from tinyengine_tf.errors import ModelError
from tinyengine_tf.ir import DType, Quant
from tinyengine_tf.tflite.flatbuffer import Blob, Table
from tinyengine_tf.tflite.raw import RawTensor
from tinyengine_tf.tflite.schema import TENSOR_TYPES

MAX_RANK = 32
MAX_TENSOR_BYTES = 2**31 - 1  # sizes are int32 in TFLM

_DTYPES = {d.tflite_name: d for d in DType}
_UNQUANTISED = (DType.FLOAT32, DType.BOOL)
_ZERO_POINT_RANGE = {"INT4": (-8, 7), "INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-(2**15), 2**15 - 1)}
_INT32_RANGE = (-(2**31), 2**31 - 1)


class Buffers:
    """Contents of the file's buffers. Constants are views; only 4-bit values and booleans are copied, once each."""

    def __init__(self, blob: Blob, tables: list[Table]):
        self._blob, self._tables = blob, tables
        self._converted: dict[tuple[int, DType], np.ndarray] = {}

    def content(self, index: int, where: str) -> np.ndarray | None:
        """The buffer's bytes (uint8, read-only); None for a tensor computed at run time."""
        if not 0 <= index < len(self._tables):
            raise ModelError(f"buffer {index} does not exist; the file has {len(self._tables)}", where=where)
        table = self._tables[index]
        offset, size = table.number("offset"), table.number("size")
        if offset > 1:  # files over 2 GB keep contents behind the FlatBuffer; 0 and 1 mean "not used"
            self._blob.check(offset, size, table.where)
            return np.frombuffer(self._blob.data, np.uint8, size, offset)
        return table.numbers("data") if table.has("data") else None

    def array(self, index: int, dtype_name: str, shape: tuple[int, ...], where: str) -> np.ndarray | None:
        """Constant of `shape`, or None. Raises ModelError when the buffer's length does not match."""
        content = self.content(index, where)
        elements = math.prod(shape)
        if content is None or content.size == 0:
            # Without elements there is nothing to compute: an empty list of axes, or the shape of a scalar.
            return np.empty(shape, _DTYPES[dtype_name].numpy) if elements == 0 else None
        dtype = _DTYPES[dtype_name]
        expected = -(-elements * dtype.bits // 8)
        if content.size != expected:
            raise ModelError(
                f"buffer {index} holds {content.size} bytes, but shape {list(shape)} of {dtype_name} needs {expected}",
                where=where,
            )
        if dtype in (DType.INT4, DType.BOOL):
            values = self._convert(index, dtype, content, where)[:elements]
        else:
            values = content.view(dtype.numpy.newbyteorder("<"))
        return values.reshape(shape)

    def _convert(self, index: int, dtype: DType, content: np.ndarray, where: str) -> np.ndarray:
        """4-bit pairs (low nibble first) as int8, or bytes as booleans."""
        key = (index, dtype)
        if key not in self._converted:
            self._blob.charge(2 * content.size, where)
            if dtype is DType.INT4:
                pairs = content.view(np.int8)
                values = np.stack([(pairs << 4) >> 4, pairs >> 4], axis=1).reshape(-1)
            else:
                values = content != 0
            values.flags.writeable = False
            self._converted[key] = values
        return self._converted[key]


def read_tensor(table: Table, index: int, buffers: Buffers, where: str) -> RawTensor:
    """Check and convert one tensor. Raises ModelError where the file contradicts itself."""
    name = table.text("name")
    where = f"{where} {name[:80]!r}"
    type_number = table.number("type")
    dtype_name = TENSOR_TYPES.get(type_number, f"UNKNOWN_{type_number}")
    dtype = _DTYPES.get(dtype_name)
    shape = _shape(table, dtype, where)
    if table.child("sparsity") is not None:
        dtype, dtype_name = None, f"SPARSE {dtype_name}"
    variable = bool(table.number("is_variable"))
    content, data = buffers.content(table.number("buffer"), where), None
    if dtype is not None and not variable:
        data = buffers.array(table.number("buffer"), dtype_name, shape, where)
    return RawTensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        dtype_name=dtype_name,
        quant=None if dtype is None or dtype in _UNQUANTISED else _quant(table, dtype_name, shape, where),
        data=data,
        is_variable=variable,
        has_content=data is not None or (content is not None and content.size > 0 and not variable),
        signature=table.integers("shape_signature"),
    )


def _shape(table: Table, dtype: DType | None, where: str) -> tuple[int, ...]:
    rank = table.numbers("shape").size
    if rank > MAX_RANK:
        raise ModelError(f"{rank} dimensions; at most {MAX_RANK} are accepted", where=where)
    shape = table.integers("shape")
    if any(n < 0 for n in shape):
        raise ModelError(
            f"shape {list(shape)} has a negative dimension",
            where=where,
            hint="export the model with a fixed input shape",
        )
    nbytes = math.prod(max(n, 1) for n in shape) * (dtype.nbytes if dtype else 1)
    if nbytes > MAX_TENSOR_BYTES:
        raise ModelError(
            f"shape {list(shape)} needs {nbytes} bytes; at most {MAX_TENSOR_BYTES} are accepted", where=where
        )
    return shape


def _quant(table: Table, dtype_name: str, shape: tuple[int, ...], where: str) -> Quant | None:
    """The tensor's quantisation. Like TFLM, a tensor without scales or without zero points has none.

    Nor has one whose scales are all 0, which exporters leave on tensors that nobody asks for theirs. Some of many may
    be 0, those of weights that are.
    """
    quantization = table.child("quantization")
    if quantization is None:
        return None
    count = quantization.numbers("scale").size
    if count == 0 or quantization.numbers("zero_point").size == 0:
        return None
    axis = _axis(quantization.number("quantized_dimension"), count, shape, where)
    scales, zero_points = quantization.integers("scale"), quantization.integers("zero_point")
    bad = [s for s in scales if not (math.isfinite(s) and s >= 0)]
    if bad:
        raise ModelError(f"scale {bad[0]}; a scale is positive and finite", where=where)
    if not any(scales):
        return None
    if len(zero_points) == 1:  # writers may store one zero point for all channels
        zero_points *= count
    if len(zero_points) != count:
        raise ModelError(f"{count} scales but {len(zero_points)} zero points", where=where)
    low, high = _ZERO_POINT_RANGE.get(dtype_name, _INT32_RANGE)
    outside = [z for z in zero_points if not low <= z <= high]
    if outside:
        raise ModelError(f"zero point {outside[0]} is outside {low}..{high}, the range of {dtype_name}", where=where)
    return Quant(scales, zero_points, axis)


def _axis(dimension: int, count: int, shape: tuple[int, ...], where: str) -> int:
    """Dimension that the scales run along; 0 for a single scale."""
    if count == 1:
        return 0
    if 0 <= dimension < len(shape) and shape[dimension] == count:
        return dimension
    # Public files hold biases of rank 1 with the axis of their weights, 3: the only dimension is meant.
    if shape == (count,):
        return 0
    raise ModelError(f"{count} scales along dimension {dimension} do not match shape {list(shape)}", where=where)
