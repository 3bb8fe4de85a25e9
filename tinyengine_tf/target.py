"""A name or a TOML file -> a frozen Target: what to compile for, what it can hold, where it is emulated.

Cores live in `targets/*.toml` (instruction set, compiler, flags, emulator), boards in `boards/*.toml` (a core plus
flash, RAM regions, clock, datasheet). A board inherits everything of its core and may replace single keys.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from tinyengine_tf.errors import UsageError
from tinyengine_tf.regions import ADDRESS_SPACE_BYTES, Region, check_map, spaces

FILE_BYTES_MAX = 1 << 20
CLOCK_HZ_MAX = 10_000_000_000
MW_PER_MHZ_MAX = 1000.0
ISAS = ("portable", "dsp", "mve")


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A QEMU machine with the core's instruction set; its memory is usually larger than any real board's.

    `counter_address` is a free-running 32-bit up-counter that ticks every `ns_per_tick` of virtual time; one
    instruction takes 1 ns of it. It is 0 where the core counts instructions itself (RISC-V minstret).
    """

    program: str
    machine: str
    vectors_origin: int
    flash_origin: int
    flash_bytes: int
    ram_origin: int
    ram_bytes: int
    counter_address: int
    ns_per_tick: int
    package: str

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, least = getattr(self, field.name), field.name.endswith(("_bytes", "_tick"))
            if isinstance(value, int) and not int(least) <= value <= ADDRESS_SPACE_BYTES:
                raise UsageError(f"emulator: {field.name} is {value}", hint="see tinyengine_tf/targets for examples")


@dataclass(frozen=True)
class Core:
    """What kernels may know of the processor they are chosen for.

    isa    one of ISAS: the instructions beyond those of plain C
    fpu    whether the compiler flags promise float32 instructions
    """

    name: str
    isa: str = "portable"
    fpu: bool = False

    @property
    def is_host(self) -> bool:
        """Where generated code runs as an ordinary process, built by a compiler that vectorises."""
        return self.name == "host"

    @property
    def is_thumb1(self) -> bool:
        """Armv6-M: Thumb-1 instructions, no long multiplication."""
        return self.name in ("cortex-m0", "cortex-m0plus")

    def has(self, isa: str) -> bool:
        """Whether it executes the instructions of `isa`; each one of ISAS includes those before it."""
        return ISAS.index(isa) <= ISAS.index(self.isa)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Everything the converter and the tools need to know of a core or board.

    `flash_bytes` and `clock_hz` are None and `ram` is empty for a bare core: no limits. `ram` is ordered by
    preference, fastest first; `ram_bytes` is their sum. `constants` are the regions that can hold constants, first
    the flash they lie in by default, whose size `flash_bytes` says. `compiler_prefix` goes before "gcc": empty for
    the host.
    """

    name: str
    title: str
    core: str
    isa: str
    compiler_prefix: str
    cflags: tuple[str, ...]
    package: str
    emulator: Emulator | None = None
    flash_bytes: int | None = None
    ram: tuple[Region, ...] = ()
    constants: tuple[Region, ...] = ()
    clock_hz: int | None = None
    mw_per_mhz: float | None = None
    mw_source: str = ""
    datasheet: str = ""

    @cached_property
    def processor(self) -> Core:
        """The core as kernels see it."""
        fpu = any(flag in ("-mfloat-abi=hard", "-mfloat-abi=softfp") for flag in self.cflags)
        return Core(self.core, self.isa, fpu)

    @property
    def is_host(self) -> bool:
        """True where generated code runs as an ordinary process."""
        return self.processor.is_host

    @property
    def is_board(self) -> bool:
        """True where flash and RAM are limited, that is for boards and not for bare cores."""
        return self.flash_bytes is not None

    @property
    def ram_bytes(self) -> int | None:
        """Sum of all RAM regions, None for a bare core."""
        return sum(region.size_bytes for region in self.ram) if self.ram else None

    @cached_property
    def spaces(self) -> tuple[Region, ...]:
        """RAM that can hold an arena in one piece: adjacent regions joined, fastest first."""
        return spaces(self.ram)

    @property
    def one_piece_bytes(self) -> int | None:
        """The largest arena that lies in one piece on the chip, None for a bare core."""
        return max((s.size_bytes for s in self.spaces if s.on_chip), default=None)

    def __post_init__(self) -> None:
        _require(self.isa in ISAS, self.name, f"isa {self.isa!r} is not one of {', '.join(ISAS)}")
        _require(
            self.flash_bytes is None or 0 < self.flash_bytes <= ADDRESS_SPACE_BYTES,
            self.name,
            f"flash has {self.flash_bytes!r} bytes, expected a positive integer, at most {ADDRESS_SPACE_BYTES:,}",
        )
        _require(
            self.clock_hz is None or 0 < self.clock_hz <= CLOCK_HZ_MAX,
            self.name,
            f"clock_hz is {self.clock_hz!r}, expected from 1 to {CLOCK_HZ_MAX:,}",
        )
        _require(
            self.mw_per_mhz is None or 0 < self.mw_per_mhz <= MW_PER_MHZ_MAX,  # NaN is neither
            self.name,
            f"mw_per_mhz is {self.mw_per_mhz!r}, expected more than 0, at most {MW_PER_MHZ_MAX:g}",
        )
        for key in ("name", "title", "core", "compiler_prefix", "package", "mw_source", "datasheet"):
            text = getattr(self, key)  # these end up in comments of the C and on command lines
            _require(
                text.isprintable() and "*/" not in text, self.name, f"{key} is {text[:60]!r}, expected one line of text"
            )
        check_map((*self.ram, *self.constants))


def target_names() -> tuple[str, ...]:
    """All cores, then all boards, each alphabetically."""
    return tuple(sorted(_files("targets"))) + tuple(sorted(_files("boards")))


def load_target(name: str | Path) -> Target:
    """Return the core or board called `name` (case-insensitive), or the one in the TOML file at path `name`.

    Raises UsageError for unknown names (listing the known ones), unreadable or incomplete files.
    """
    text = str(name)
    if text.lower().endswith(".toml"):
        return _build(Path(text).stem.lower(), _parse(_read(Path(text)), text), text)
    key = text.lower().replace("_", "-")
    for folder in ("targets", "boards"):
        files = _files(folder)
        if key in files:
            return _build(key, _parse(files[key].read_text(encoding="utf-8"), key), key)
    near = difflib.get_close_matches(key, target_names(), n=1)
    guess = f", did you mean {near[0]}?" if near else ""
    raise UsageError(f"unknown target {text!r}{guess}", where="target", hint=_known_names())


def _read(path: Path) -> str:
    """The text of a user's file. Raises UsageError."""
    try:
        if not path.exists():
            raise UsageError(f"no such target file: {path}", where="target", hint=_known_names())
        if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            raise UsageError(
                f"{path} is no board file", where="target", hint="a TOML file such as those in tinyengine_tf/boards"
            )
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        text = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"cannot read {path}: {text}", where="target", hint="a TOML file such as those in tinyengine_tf/boards"
        ) from error


def _known_names() -> str:
    return f"one of {', '.join(target_names())}; or the path of your own .toml file"


def _files(folder: str) -> dict[str, Any]:
    entries = resources.files("tinyengine_tf").joinpath(folder).iterdir()
    return {entry.name.removesuffix(".toml"): entry for entry in entries if entry.name.endswith(".toml")}


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and integers of thousands of digits
        raise UsageError(
            f"not valid TOML: {error}", where=where, hint="start from a file in tinyengine_tf/boards"
        ) from error


def _build(name: str, table: dict[str, Any], where: str) -> Target:
    """Turn a parsed file into a Target; a file that names a `core` inherits all of that core's keys."""
    values = dict(table)
    if "core" in values and values["core"] != name:
        cores = _files("targets")
        _require(values["core"] in cores, where, f"core {values['core']!r} is not one of {', '.join(sorted(cores))}")
        values = {**_parse(cores[values["core"]].read_text(encoding="utf-8"), values["core"]), **values}
    values["name"] = name
    values.setdefault("title", name)
    _check_types(values, Target, where)
    values["cflags"] = tuple(values.get("cflags", ()))
    for key in ("ram", "constants"):
        values[key] = tuple(_record(Region, region, where) for region in values.get(key, ()))
    if "emulator" in values:
        values["emulator"] = _record(Emulator, values["emulator"], where)
    target: Target = _record(Target, values, where)
    return target


_TOML_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a string"),
    "int": ((int,), "an integer"),
    "int | None": ((int,), "an integer"),
    "float | None": ((int, float), "a number"),
    "tuple[str, ...]": ((list, str), "a list of strings"),
    "tuple[Region, ...]": ((list, dict), "a list of tables"),
    "Emulator | None": ((dict,), "a table"),
}


def _check_types(values: dict[str, Any], kind: type, where: str) -> None:
    """Require that TOML values have the types that dataclass `kind` annotates; of lists the elements, too."""
    for field in dataclasses.fields(kind):
        if field.name not in values:
            continue
        value, (types, noun) = values[field.name], _TOML_TYPES[str(field.type)]
        fits = isinstance(value, types[0] if types[0] is list else types) and not isinstance(value, bool)
        if types[0] is list and fits:
            fits = all(isinstance(element, types[1]) for element in value)
        _require(fits, where, f"{field.name} is {value!r}, expected {noun}")


def _record(kind: type, values: dict[str, Any], where: str) -> Any:
    """Construct dataclass `kind` from `values`, telling exactly which keys are unknown or absent."""
    fields = dataclasses.fields(kind)
    unknown = sorted(set(values) - {field.name for field in fields})
    _require(
        not unknown,
        where,
        f"unknown keys {', '.join(unknown)} for {kind.__name__}; allowed: {', '.join(f.name for f in fields)}",
    )
    absent = [f.name for f in fields if f.default is dataclasses.MISSING and f.name not in values]
    _require(not absent, where, f"{kind.__name__} lacks {', '.join(absent)}")
    if kind is not Target:  # checked before its lists became tuples
        _check_types(values, kind, where)
    try:
        record: Any = kind(**values)
        return record
    except UsageError as error:
        raise UsageError(error.message, where=where, hint=error.hint) from None


def _require(condition: bool, where: str, message: str) -> None:
    if not condition:
        raise UsageError(message, where=where, hint="see tinyengine_tf/boards for examples")
