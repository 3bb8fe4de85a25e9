"""What a .tflite file says, as plain values: the reader's output, before any operator is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tinyengine_tf.ir import DType, Quant

OptionValue = int | float | bool | str | tuple[int, ...]


@dataclass(frozen=True, eq=False)
class RawTensor:
    """One tensor of the file.

    dtype        None for a type this project has no DType for; `dtype_name` then says which
                 ("FLOAT16", "STRING", "UNKNOWN_42", "SPARSE INT8").
    quant        None without scales, and always for FLOAT32 and BOOL, where it has no meaning.
    data         read-only array of `shape` for a constant, else None; a view of the file where possible.
                 Also None when `dtype` is None. 4-bit values, two per byte in the file, are one per element here.
    has_content  the file holds the tensor's values, whether or not they could be read: it is not computed.
    signature    the shape with -1 where the writer left a dimension open (a batch, mostly); empty where it left none.
                 `shape` has 1 in its place, which need not be true of a tensor inside the graph.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType | None
    dtype_name: str
    quant: Quant | None
    data: np.ndarray | None
    is_variable: bool = False
    has_content: bool = False
    signature: tuple[int, ...] = ()

    @property
    def is_dynamic(self) -> bool:
        """The writer did not know every dimension."""
        return any(n < 0 for n in self.signature)


@dataclass(frozen=True, eq=False)
class RawOp:
    """One operator of the file.

    opcode   builtin name ("CONV_2D"), "CUSTOM:name", or "UNKNOWN_<code>" for a builtin newer than our schema.
    inputs   tensor indices, -1 where an optional input is absent; `outputs` are always valid indices.
    options  fields of the builtin options in snake_case, schema defaults where the file is silent.
             Enumerations are names: padding "SAME"/"VALID", fused_activation_function "NONE"/"RELU"/"RELU6"/
             "RELU_N1_TO_1"/..., types "INT8" and so on. Vectors are tuples. Empty for operators without options.
    """

    index: int
    opcode: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    custom_options: bytes = b""


@dataclass(frozen=True, eq=False)
class RawGraph:
    """One subgraph of a model file."""

    tensors: tuple[RawTensor, ...]
    ops: tuple[RawOp, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class RawSignature:
    """A named entry of the model: which subgraph it runs."""

    key: str
    subgraph: int


@dataclass(frozen=True, eq=False)
class RawModel:
    """A model file: subgraph 0, and `others`, the subgraphs 1, 2, ... that its operators or signatures call."""

    name: str
    version: int
    description: str
    tensors: tuple[RawTensor, ...]
    ops: tuple[RawOp, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    sha256: str
    size_bytes: int
    others: tuple[RawGraph, ...] = ()
    signatures: tuple[RawSignature, ...] = ()
