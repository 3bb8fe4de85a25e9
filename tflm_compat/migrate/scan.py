"""A folder of firmware -> Findings: how it uses TFLM.

This is text search, not compilation: what macros make, or the build generates, is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tflm_compat.library import shim_headers
from tflm_compat.migrate.constants import Constants

SOURCES = (".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".ino")
SKIPPED = re.compile(r"(^|/)(\.git|\.pio|build|cmake-build-[^/]*|node_modules|managed_components)(/|$)")
TFLM_TREE = re.compile(
    r"(^|/)tensorflow/lite/(?!micro/examples/)|(^|/)signal/(micro|src)/|(^|/)third_party/|(^|/)Arduino_TensorFlowLite/"
)
BROUGHT_ALONG = re.compile(r"tensorflow/lite/experimental/microfrontend/")
MAX_FILE_BYTES = 32 << 20
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A line of a file; `path` is relative to the firmware's folder."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class ModelArray:
    """An array that GetModel is given. `data` is None where only a declaration was found."""

    name: str
    used: Place
    defined: Place | None = None
    in_header: bool = False
    is_static: bool = False
    data: bytes | None = None


@dataclass(frozen=True)
class Findings:
    """What the sources say. `arenas` maps each arena to its bytes, None where the size is not plain arithmetic.

    brought_along     headers of libraries that come with TFLM's distributions and have nothing to do with inference.
    missing_headers   included headers with a model in their name that the folder lacks: the build generates them.
    """

    files: int
    models: tuple[ModelArray, ...] = ()
    lengths: tuple[tuple[str, str, Place], ...] = ()
    resolvers: tuple[tuple[str, Place], ...] = ()
    operators: tuple[str, ...] = ()
    all_operators: bool = False
    arenas: dict[str, int | None] = field(default_factory=dict)
    includes: tuple[str, ...] = ()
    not_supported: tuple[tuple[str, Place], ...] = ()
    custom_operators: tuple[tuple[str, Place], ...] = ()
    brought_along: tuple[tuple[str, Place], ...] = ()
    missing_headers: tuple[str, ...] = ()
    builds: tuple[tuple[str, str], ...] = ()


UNSUPPORTED_CALLS = {
    r"(?:\.|->)GetTensor\s*\(": "GetTensor(): tensors inside the model do not exist separately",
    r"(?:\.|->)subgraphs\s*\(": "Model::subgraphs(): the graph is compiled to C",
    r"(?:\.|->)operator_codes\s*\(": "Model::operator_codes(): the graph is compiled to C",
    r"(?:\.|->)SetDecompressionMemory\s*\(": "SetDecompressionMemory(): compressed models are not converted",
    r"\bMicroContext\s*\*": "MicroContext: a kernel of your own cannot run inside generated code",
}


def scan(source: Path) -> Findings:
    """Read all sources below `source` except a copy of TFLM itself."""
    files = dict(_read_files(source))
    constants = Constants()
    for text in files.values():
        constants.add(text)
    names = _model_names(files)
    return Findings(
        files=len(files),
        models=tuple(_model_array(name, place, files) for name, place in names.items()),
        lengths=tuple(_lengths(files, set(names))),
        resolvers=tuple(_matches(files, r"MicroMutableOpResolver\s*<\s*([^>]+?)\s*>")),
        operators=tuple(
            dict.fromkeys(
                name for name, _ in _matches(files, r"(?:\.|->)\s*Add([A-Z]\w*)\s*\(") if name in _operators()
            )
        ),
        all_operators=any(_matches(files, r"\b(AllOpsResolver)\b")),
        arenas=_arenas(files, constants),
        includes=tuple(
            sorted(
                {
                    name
                    for name, _ in _matches(
                        files, r'#\s*include\s*[<"](tensorflow/lite/[^>"]+|\w*TensorFlowLite\w*\.h)[>"]'
                    )
                }
            )
        ),
        not_supported=tuple(_not_supported(files)),
        custom_operators=tuple(_matches(files, r"(?:\.|->)\s*AddCustom\s*\(\s*([^,)]+)")),
        brought_along=tuple((name, place) for name, place in _tflm_headers(files) if BROUGHT_ALONG.match(name)),
        missing_headers=tuple(_missing_headers(files)),
        builds=tuple(build_systems(source)),
    )


def _missing_headers(files: dict[str, str]) -> list[str]:
    present = {path.rsplit("/", 1)[-1] for path in files}
    names = dict.fromkeys(name for name, _ in _matches(files, r'#\s*include\s*"([\w/.-]*model[\w/.-]*\.(?:h|hh|hpp))"'))
    return [name for name in names if name.rsplit("/", 1)[-1] not in present and name not in shim_headers()]


def _read_files(source: Path) -> Iterator[tuple[str, str]]:
    """(relative path, text with comments blanked out) of each source file."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.suffix not in SOURCES or SKIPPED.search(name) or TFLM_TREE.search(name) or not path.is_file():
            continue
        if path.stat().st_size <= MAX_FILE_BYTES:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield name, _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def _matches(files: dict[str, str], pattern: str) -> Iterator[tuple[str, Place]]:
    compiled = re.compile(pattern)
    for path, text in files.items():
        for match in compiled.finditer(text):
            yield match[1].strip(), Place(path, text.count("\n", 0, match.start()) + 1)


def _model_names(files: dict[str, str]) -> dict[str, Place]:
    """Names given to GetModel, or to a wrapper class together with an arena."""
    names: dict[str, Place] = {}
    for name, place in _matches(files, r"\bGetModel\s*\(\s*&?\s*((?:\w+::)*\w+)(?:\[0\])?\s*\)"):
        names.setdefault(name, place)
    declared = set(dict(_matches(files, r"\bconst\s+(?:unsigned\s+char|uint8_t)\s+(\w+)\s*\[")))
    declared |= set(dict(_matches(files, r"\b(?:unsigned\s+char|uint8_t)\s+const\s+(\w+)\s*\[")))
    pointers = set(dict(_matches(files, r"\*\s*(?:const\s+)?(\w+)\s*[,;)=]")))
    last = {name: name.split("::")[-1] for name in names}
    direct = {n: place for n, place in names.items() if last[n] in declared or last[n] not in pointers}
    if direct:
        return direct
    for name, place in _matches(files, r"[(,{]\s*(\w+)\s*,\s*\w*[rR]esolver\w*\s*,"):
        if name in declared or re.search(r"model_data|tflite", name):
            direct.setdefault(name, place)
    return direct or names


def _model_array(name: str, used: Place, files: dict[str, str]) -> ModelArray:
    last = re.escape(name.split("::")[-1])
    pattern = re.compile(
        rf"(static\s+)?[^;{{}}#\n]*\b(?:unsigned\s+char|uint8_t)\b[^;{{}}\n]*\b{last}\s*\[[^\]]*\]"
        r"[^;={]*=\s*\{([^}]*)\}"
    )
    for path, text in files.items():
        match = pattern.search(text)
        if match:
            numbers = re.findall(r"0[xX][0-9a-fA-F]+|\d+", match[2])
            data = bytes(int(n, 0) & 0xFF for n in numbers) if numbers else b""
            header = path.endswith((".h", ".hh", ".hpp"))
            return ModelArray(
                name, used, Place(path, text.count("\n", 0, match.start()) + 1), header, bool(match[1]), data
            )
    return ModelArray(name, used)


def _lengths(files: dict[str, str], models: set[str]) -> Iterator[tuple[str, str, Place]]:
    """(name, type, place) of variables with a model's length; constants in headers need nothing and are left out."""
    for model in sorted(models):
        stem = re.escape(model.split("::")[-1])
        pattern = re.compile(
            rf"^[ \t]*(?:extern\s+)?const\s+([\w ]+?)\s+({stem}_(?:len|size|length)|{stem}(?:Len|Size))\s*(=[^;]*)?;",
            re.MULTILINE,
        )
        seen = set()
        for path, text in files.items():
            for match in pattern.finditer(text):
                if match[2] not in seen:
                    seen.add(match[2])
                    yield match[2], match[1], Place(path, text.count("\n", 0, match.start()) + 1)


def _arenas(files: dict[str, str], constants: Constants) -> dict[str, int | None]:
    """Arrays and sizes handed to interpreters, or to the allocators that interpreters are given."""
    allocators = set(dict(_matches(files, r"MicroAllocator\s*\*\s*(?:const\s+)?(\w+)")))
    used = [parts[2:4] for parts in _calls(files, r"MicroInterpreter\s*(?:\w+\s*)?") if len(parts) >= 3]
    if any(parts[0] in allocators for parts in used):
        used += [parts[:2] for parts in _calls(files, r"MicroAllocator::Create\s*")]
    found: dict[str, int | None] = {}
    for parts in used:
        if len(parts) == 2 and re.fullmatch(r"\w+", parts[0]) and parts[0] not in allocators:
            size = constants.value(parts[1])
            found.setdefault(parts[0], size if size is not None else constants.array_bytes(parts[0]))
    if not found:
        for name, _ in _matches(files, r"\b(?:u?int8_t|unsigned\s+char)\s+(\w*[aA]rena\w*)\s*\["):
            found.setdefault(name, constants.array_bytes(name))
    return found


def _calls(files: dict[str, str], name: str) -> Iterator[list[str]]:
    """The arguments of each statement that ends with `name`(...) or {...}."""
    for arguments, _ in _matches(files, name + r"[({]([^;]*?)[)}]\s*;"):
        yield [part.strip() for part in re.split(r",(?![^()]*\))", arguments)]


def _tflm_headers(files: dict[str, str]) -> Iterator[tuple[str, Place]]:
    return _matches(files, r'#\s*include\s*[<"](tensorflow/[^>"]+)[>"]')


def _not_supported(files: dict[str, str]) -> Iterator[tuple[str, Place]]:
    headers = shim_headers()
    for header, place in _tflm_headers(files):
        reason = re.search(r'#error "tinyengine_tf: ([^"]+)"', headers.get(header, ""))
        if reason:
            yield f"{header}: {reason[1]}", place
        elif (
            header not in headers
            and not BROUGHT_ALONG.match(header)
            and "/examples/" not in header
            and "/models/" not in header
            and not header.endswith("_data.h")
        ):
            yield f"{header}: not among the shim's headers", place
    for pattern, reason_text in UNSUPPORTED_CALLS.items():
        for _, place in _matches(files, f"({pattern})"):
            yield reason_text, place


def _operators() -> frozenset[str]:
    return frozenset(re.findall(r"^  X\((\w+), ", shim_headers()["tinyengine_tf/tflm_ops.h"], re.MULTILINE))


def build_systems(source: Path) -> Iterator[tuple[str, str]]:
    """(build system, file that gives it away), the specific ones first."""

    def first(pattern: str) -> Path | None:
        return next(
            (p for p in sorted(source.rglob(pattern)) if not SKIPPED.search(p.relative_to(source).as_posix())), None
        )

    def told(kind: str, path: Path) -> tuple[str, str]:
        return kind, path.relative_to(source).as_posix()

    cmake = first("CMakeLists.txt")
    text = cmake.read_text(errors="replace") if cmake else ""
    if (ini := first("platformio.ini")) is not None:
        yield told("platformio", ini)
    if cmake and ("idf_component_register" in text or "IDF_PATH" in text):
        yield told("esp-idf", cmake)
    elif cmake and re.search(r"find_package\s*\(\s*Zephyr", text):
        yield told("zephyr", cmake)
    elif cmake:
        yield told("cmake", cmake)
    if (sketch := first("*.ino")) is not None:
        yield told("arduino", sketch)
    for name in ("BUILD", "BUILD.bazel"):
        if (bazel := first(name)) is not None:
            yield told("bazel", bazel)
    for name in ("Makefile", "makefile", "GNUmakefile"):
        if (make := first(name)) is not None:
            yield told("make", make)
            break
