"""How firmware calls its model: the array, its length, the header that declares both.

extern const unsigned char g_person_detect_model_data[];     --model-symbol
extern const int g_person_detect_model_data_len;             --length-symbol ...:int
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tinyengine_tf.errors import UsageError

LENGTH_TYPES = (
    "unsigned int",
    "int",
    "unsigned long",
    "long",
    "size_t",
    "uint32_t",
    "int32_t",
    "unsigned",
    "unsigned short",
)
_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"


@dataclass(frozen=True)
class Symbol:
    """A C or C++ variable at namespace scope; `name` may be qualified (model::data)."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(rf"{_IDENTIFIER}(::{_IDENTIFIER})*", self.name):
            raise UsageError(
                f"{self.name!r} is not the name of a variable",
                hint="a name such as g_model, or model::data for one in a namespace",
            )

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("::"))

    @property
    def linker_name(self) -> str:
        """What the linker calls it: C++ compilers leave global variables alone and encode namespaces (Itanium ABI)."""
        if len(self.parts) == 1:
            return self.name
        return "_ZN" + "".join(f"{len(part)}{part}" for part in self.parts) + "E"

    @property
    def c_name(self) -> str:
        """An identifier for it in C."""
        return "_".join(self.parts)

    @property
    def is_qualified(self) -> bool:
        return len(self.parts) > 1


@dataclass(frozen=True)
class ModelSymbols:
    """What the generated library is to define for firmware.

    array             the model array. None: firmware keeps its own array with the .tflite file, and the library is
                      found by the file's content.
    length            the array's length, None when firmware has no variable for it (or a constant of its own).
    length_type       C type of that variable.
    header            path below include/ of a header to write that declares both, None for none.
    """

    array: Symbol | None
    length: Symbol | None = None
    length_type: str = "unsigned int"
    header: str | None = None

    def __post_init__(self) -> None:
        if self.length_type not in LENGTH_TYPES:
            raise UsageError(
                f"{self.length_type!r} is not a type for a length", hint="one of " + ", ".join(LENGTH_TYPES)
            )
        if self.header is not None and not re.fullmatch(r"[A-Za-z0-9_\-./]+\.(h|hh|hpp)", self.header):
            raise UsageError(
                f"{self.header!r} is not the path of a header",
                hint="the path in firmware's #include, such as models/person.h",
            )
        if self.header is not None and (self.header.startswith("/") or ".." in self.header.split("/")):
            raise UsageError(
                f"{self.header!r} leaves the include folder",
                hint="the path in firmware's #include, such as models/person.h",
            )
        if self.array is None and (self.length is not None or self.header is not None):
            raise UsageError(
                "firmware that keeps its flatbuffer array keeps its length and header, too",
                hint="leave out --length-symbol and --model-header, or --keep-flatbuffer",
            )

    @property
    def library_name(self) -> str:
        """A prefix for C symbols, made from the array's name: g_person_model -> person_model_net.

        The end keeps it apart from what firmware may well have: model_init(), model.h.
        """
        if self.array is None:
            return "net"
        text = re.sub(r"^(g_)?_*", "", "_".join(self.array.parts).lower())[:36]
        return f"{text}_net" if re.match(r"[a-z]", text) and not text.startswith("te_") else f"net_{text}"


def parse_length(text: str) -> tuple[Symbol, str]:
    """--length-symbol NAME[:TYPE] -> the symbol and its C type."""
    match = re.fullmatch(rf"({_IDENTIFIER}(?:::{_IDENTIFIER})*)(?::([a-z0-9_ ]+))?", text)
    if match is None:
        raise UsageError(f"{text!r} is no length symbol", hint="NAME or NAME:TYPE, such as g_model_len:int")
    return Symbol(match[1]), match[2] or "unsigned int"


def parse_symbols(
    model: str | None, length: str | None = None, header: str | None = None, *, keep_flatbuffer: bool = False
) -> ModelSymbols:
    """The options of the command line as one value. Raises UsageError where they contradict each other."""
    if model is None and not keep_flatbuffer:
        raise UsageError(
            "TFLM's API needs the name of firmware's model array",
            hint="--model-symbol NAME, or --keep-flatbuffer to leave the array in the firmware",
        )
    symbol, length_type = parse_length(length) if length is not None else (None, "unsigned int")
    return ModelSymbols(Symbol(model) if model is not None else None, symbol, length_type, header)
