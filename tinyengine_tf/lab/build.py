"""A folder of generated code -> a program that feeds it samples, and the sizes of what was linked.

    DIR/include/net.h, DIR/src/**/*.c  +  harness/*  --compiler_prefix gcc-->  work_dir/program.elf, program.map

The generated code keeps the flags a user would give (-std=c99 -O2); the harness uses no C library on bare metal, so
what the map attributes to libraries was called by the generated code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from tinyengine_tf.errors import InternalError, ToolchainError, UsageError
from tinyengine_tf.target import Emulator, Target

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wcast-align", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-fno-omit-frame-pointer")
STACK_BYTES = 65_536
VECTORS_BYTES = 1_024
COMPILE_TIMEOUT_S = 600


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of the generated code in the linked program, without the harness.

    `tables_bytes` are constants outside the weights files; `library_*` is what the compiler's libraries added for it
    (memcpy, soft float, division); `objects` maps each source file to (code, constants, data, bss).
    """

    code_bytes: int
    weights_bytes: int
    tables_bytes: int
    data_bytes: int
    bss_bytes: int
    library_flash_bytes: int
    library_ram_bytes: int
    objects: dict[str, tuple[int, int, int, int]]

    @property
    def flash_bytes(self) -> int:
        """Everything that must be stored: code, constants, libraries, initial values of .data."""
        return self.code_bytes + self.weights_bytes + self.tables_bytes + self.data_bytes + self.library_flash_bytes

    @property
    def static_ram_bytes(self) -> int:
        """.data and .bss, the built-in arena included, the stack not."""
        return self.data_bytes + self.bss_bytes + self.library_ram_bytes


@dataclass(frozen=True, kw_only=True)
class Program:
    """A linked program for `target`; `input_bytes` and `output_bytes` hold the size of each input and output."""

    path: Path
    name: str
    target: Target
    input_bytes: tuple[int, ...]
    output_bytes: tuple[int, ...]
    sizes: Sizes


def compile_network(
    source_dir: Path | str,
    target: Target,
    work_dir: Path | str,
    *,
    optimize: str = "-O2",
    warnings: bool = False,
    sanitize: bool = False,
    compiler: str | None = None,
    extra_cflags: tuple[str, ...] = (),
    caller_arena: bool = False,
    extra_link: tuple[str, ...] = (),
    memory: Mapping[str, tuple[int, int]] | None = None,
) -> Program:
    """Compile the generated code in `source_dir` with the harness for `target`; all results go to `work_dir`.

    `warnings` makes every warning of WARNINGS an error in the generated code. `sanitize` adds ASan and UBSan, for the
    host only. `compiler`, a clang, replaces gcc for the generated code; GCC still links, and finds the C library's
    headers and its own. `extra_cflags` are for the generated code alone.
    `caller_arena` passes the harness's own arena to init, which then is not part of the sizes. `extra_link` are further
    objects, archives and options for the linker; members of archives count as library. `memory` has (origin, bytes) of
    the regions that the generated NAME_sections.ld names, for an emulator that has them; without it everything lies in
    the emulator's one RAM and flash. Raises UsageError for
    wrong options or a folder without generated code, ToolchainError when the compiler is absent or fails.
    """
    source_dir, work_dir = Path(source_dir).resolve(), Path(work_dir).resolve()
    if sanitize and not target.is_host:
        raise UsageError(f"sanitizers are for the host, not {target.name}", where="build")
    if target.emulator is None and not target.is_host:
        raise UsageError(
            f"no emulator runs code for {target.name}",
            where="build",
            hint="--target riscv32 runs the same portable kernels on an emulated 32-bit core",
        )
    name, header = _find_header(source_dir)
    gcc = find_tool(f"{target.compiler_prefix}gcc", target.package)
    flags = [optimize, "-ffunction-sections", "-fdata-sections", *(SANITIZERS if sanitize else ())]
    command = code = [gcc, *target.cflags, *flags]
    if compiler is not None:
        code = [find_tool(compiler, compiler), *([] if target.is_host else _as_clang(target, gcc)), *flags]
        command = code if target.is_host else command
    objects = _compile_sources(
        source_dir, work_dir / "objects", [*code, *(WARNINGS if warnings else ()), *extra_cflags]
    )

    input_bytes, output_bytes = (_sizes_in(header, name, kind) for kind in ("INPUT", "OUTPUT"))
    _write_config(work_dir, name, len(input_bytes), len(output_bytes), caller_arena, _call_with_frame(name, header))
    program, linker_map = work_dir / "program.elf", work_dir / "program.map"
    fragment = source_dir / f"{name}_sections.ld" if memory else None
    link = _link_arguments(target, work_dir, command, source_dir / "include", memory or {}, fragment)
    _run([*command, *(str(path) for path in objects), *extra_link, *link, f"-Wl,-Map={linker_map}", "-o", str(program)])
    names = {path.name: source for path, source in objects.items()}
    sizes = _read_map(linker_map.read_text(errors="replace"), names, name, libraries=not target.is_host)
    return Program(
        path=program, name=name, target=target, input_bytes=input_bytes, output_bytes=output_bytes, sizes=sizes
    )


def _compile_sources(source_dir: Path, objects_dir: Path, command: list[str]) -> dict[Path, str]:
    """Compile all of source_dir/src, several files at once; return {object: its source relative to src}."""
    shutil.rmtree(objects_dir, ignore_errors=True)
    objects_dir.mkdir(parents=True)
    root = source_dir / "src"
    sources = sorted(root.rglob("*.c"))
    if not sources:
        raise UsageError(f"no C files in {root}", where="build", hint="give the folder that convert wrote")
    objects = {objects_dir / f"net__{_object_name(source, root)}.o": source for source in sources}
    flags = [*command, "-std=c99", f"-I{source_dir / 'include'}"]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(lambda job: _run([*flags, "-c", str(job[1]), "-o", str(job[0])]), objects.items()))
    return {path: str(source.relative_to(root)) for path, source in objects.items()}


def _as_clang(target: Target, gcc: str) -> list[str]:
    """What clang must be told to compile for `target` as `gcc` does: the triple, where the C library's headers are."""
    triple = target.compiler_prefix.rstrip("-")
    if any(flag.startswith("-march=rv32") for flag in target.cflags):
        triple = triple.replace("riscv64", "riscv32")
    flags = [flag for flag in target.cflags if not flag.startswith("--specs=")]
    search = subprocess.run(
        [gcc, *target.cflags, "-E", "-v", "-x", "c", os.devnull], capture_output=True, text=True, check=True
    )
    folders = re.findall(r"(?m)^ (/\S+)$", search.stderr.partition("#include <...> search starts here:")[2])
    own = [folder for folder in folders if "/lib/gcc/" not in os.path.normpath(folder)]  # clang has those itself
    return [f"--target={triple}", *flags, *(f"-isystem{os.path.normpath(folder)}" for folder in own)]


def find_tool(program: str, package: str) -> str:
    """Return the path of `program`; raises ToolchainError naming the Debian `package` where it is absent."""
    path = shutil.which(program)
    if path is None:
        raise ToolchainError(f"{program} is not installed", where="toolchain", hint=f"apt-get install {package}")
    return path


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(f"no result after {COMPILE_TIMEOUT_S} s: {' '.join(command)}", where="build") from error
    if done.returncode != 0:
        text = "\n".join(done.stderr.splitlines()[:40])
        raise ToolchainError(f"failed with status {done.returncode}: {' '.join(command)}\n{text}", where="build")


def _object_name(source: Path, root: Path) -> str:
    return "__".join(source.relative_to(root).with_suffix("").parts)


def _find_header(source_dir: Path) -> tuple[str, str]:
    """Return (network name, text of its header): the one header in include/ that defines <NAME>_NUM_INPUTS."""
    found = []
    for path in sorted((source_dir / "include").glob("*.h")):
        text = path.read_text(encoding="utf-8")
        if re.search(rf"#\s*define\s+{re.escape(path.stem.upper())}_NUM_INPUTS\b", text):
            found.append((path.stem, text))
    if len(found) != 1:
        problem = "no" if not found else "more than one"
        raise UsageError(
            f"{problem} network header in {source_dir / 'include'}",
            where="build",
            hint="give the folder that convert wrote",
        )
    return found[0]


def _sizes_in(header: str, name: str, kind: str) -> tuple[int, ...]:
    """Byte sizes of all inputs or outputs, from the literals NET_NUM_INPUTS, NET_INPUT0_BYTES, ... of the header."""

    def literal(macro: str) -> int:
        match = re.search(rf"#\s*define\s+{re.escape(name.upper())}_{macro}\s+\(?(\d+)[uUlL]*\)?", header)
        if match is None:
            raise UsageError(f"{name}.h does not define {name.upper()}_{macro} as a number", where="build")
        return int(match.group(1))

    return tuple(literal(f"{kind}{i}_BYTES") for i in range(literal(f"NUM_{kind}S")))


def _call_with_frame(name: str, header: str) -> str | None:
    """The call that runs a network whose input is not in the arena, given te_frame; None for others."""
    upper = name.upper()
    if f"{upper}_FEED_ROWS" in header:
        return f"{name}_feed_rows(te_frame, {upper}_FEED_ROWS)"
    if f"{upper}_IMAGE_PITCH" in header:
        return f"{name}_invoke_image((const {upper}_INPUT0_TYPE *)(const void *)te_frame, {upper}_IMAGE_PITCH)"
    return None


def _write_config(
    work_dir: Path, name: str, num_inputs: int, num_outputs: int, caller_arena: bool, call_with_frame: str | None
) -> None:
    """Write te_config.h, which tells the harness the names of this network."""
    upper = name.upper()
    lines = [f'#include "{name}.h"', f"#define TE_ARENA_BYTES {upper}_ARENA_BYTES"]
    lines += [
        f"#define TE_{word.upper()} {name}_{word}" for word in ("init", "input", "invoke", "output", "trace", "tick")
    ]
    lines += [f"#define TE_NUM_INPUTS {num_inputs}", f"#define TE_NUM_OUTPUTS {num_outputs}"]
    for kind, count in (("INPUT", num_inputs), ("OUTPUT", num_outputs)):
        sizes = ", ".join(f"{upper}_{kind}{i}_BYTES" for i in range(count))
        lines.append(f"#define TE_{kind}_BYTES {{{sizes}}}")
    lines += ["#define TE_CALLER_ARENA"] if caller_arena else []
    if call_with_frame is not None:
        lines += [
            "/* The harness holds the frame, and hands over all its rows in one call or lets the network read it. */",
            "#undef TE_INPUT",
            "#undef TE_INVOKE",
            f"static unsigned char te_frame[{upper}_INPUT0_BYTES] __attribute__((aligned(8)));",
            "static void *te_frame_input(int index) { return index == 0 ? te_frame : 0; }",
            f"static int te_feed_frame(void) {{ return {call_with_frame}; }}",
            "#define TE_INPUT te_frame_input",
            "#define TE_INVOKE te_feed_frame",
        ]
    (work_dir / "te_config.h").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _link_arguments(
    target: Target,
    work_dir: Path,
    command: list[str],
    include_dir: Path,
    memory: Mapping[str, tuple[int, int]],
    fragment: Path | None,
) -> list[str]:
    """Compile the harness for `target`; return its objects and the linker options."""
    harness = work_dir / "harness"
    harness.mkdir(exist_ok=True)
    for entry in resources.files("tinyengine_tf.lab").joinpath("harness").iterdir():
        if entry.name.endswith((".c", ".h", ".S", ".ld")):
            (harness / entry.name).write_text(entry.read_text(encoding="utf-8"), encoding="utf-8")
    includes = [f"-I{work_dir}", f"-I{harness}", f"-I{include_dir}"]
    if target.is_host:
        _run([*command, "-std=c99", *includes, "-c", str(harness / "host.c"), "-o", str(harness / "host.o")])
        return [str(harness / "host.o"), "-lm"]
    emulator = target.emulator
    assert emulator is not None
    startup = "riscv.S" if emulator.counter_address == 0 else "arm.S"
    counter = [f"-DTE_COUNTER={emulator.counter_address:#x}", f"-DTE_READS={emulator.ns_per_tick}"]
    # The compiler must not turn the harness's loops into memcpy or memset: they would count as the network's.
    freestanding = ["-std=c99", "-Os", "-ffreestanding", "-fno-tree-loop-distribute-patterns"]
    _run([*command, *freestanding, *includes, "-c", str(harness / "bare_metal.c"), "-o", str(harness / "bare_metal.o")])
    _run([*command, *counter, "-c", str(harness / startup), "-o", str(harness / "startup.o")])
    script = Template((harness / "link.ld").read_text(encoding="utf-8"))
    (work_dir / "link.ld").write_text(
        script.substitute(_memory_map(emulator) | _region_lines(memory, fragment)), encoding="utf-8"
    )
    options = ["-nostartfiles", "-static", "-T", str(work_dir / "link.ld"), "-Wl,--gc-sections", "-lm", "-lc", "-lgcc"]
    return [str(harness / "bare_metal.o"), str(harness / "startup.o"), *options]


def _region_lines(memory: Mapping[str, tuple[int, int]], fragment: Path | None) -> dict[str, str]:
    """Values for link.ld: further memory regions, and what the generated code says lies there."""
    regions = (
        f"  {name} (rwx) : ORIGIN = {origin:#x}, LENGTH = {size:#x}\n" for name, (origin, size) in memory.items()
    )
    return {"regions": "".join(regions), "sections": f'  INCLUDE "{fragment}"\n' if fragment else ""}


def _memory_map(emulator: Emulator) -> dict[str, str]:
    """Values for link.ld: the vectors take the start of the flash, or a memory of their own."""
    shared = emulator.vectors_origin == emulator.flash_origin
    taken = VECTORS_BYTES if shared else 0
    values = {
        "vectors_origin": emulator.vectors_origin,
        "vectors_bytes": VECTORS_BYTES,
        "code_origin": emulator.flash_origin + taken,
        "code_bytes": emulator.flash_bytes - taken,
        "ram_origin": emulator.ram_origin,
        "ram_bytes": emulator.ram_bytes,
        "stack_bytes": STACK_BYTES,
    }
    return {key: f"{value:#x}" for key, value in values.items()}


_INPUT_SECTION = re.compile(r"^ (\.[\w.$\-]+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)[ \t]+(\S.*)$", re.MULTILINE)
_KINDS = (
    (0, (".text", ".ARM.ex", ".init", ".fini")),
    (1, (".rodata", ".srodata", ".data.rel.ro")),
    (2, (".data", ".sdata")),
    (3, (".bss", ".sbss", "COMMON")),
)

_NOT_LOADED = (".comment", ".debug", ".ARM.attributes", ".riscv.attributes", ".note", ".group")


def _kind_of(section: str) -> int | None:
    """0 code, 1 constant, 2 data, 3 bss, None for all others (debug, comments)."""
    return next((kind for kind, prefixes in _KINDS if section.startswith(prefixes)), None)


def _read_map(text: str, names: dict[str, str], network: str, *, libraries: bool) -> Sizes:
    """Add up the linker map's input sections per object; those not in `names` are the harness or a library member."""
    start = text.find("Linker script and memory map")
    objects = {source: [0, 0, 0, 0] for source in names.values()}
    library = [0, 0, 0, 0]
    for section, address, size, origin in _INPUT_SECTION.findall(text, max(start, 0)):
        kind, source = _kind_of(section), names.get(Path(origin).name)
        if kind is None and source and libraries and int(size, 16) and not section.startswith(_NOT_LOADED):
            raise InternalError(f"{source} has a section {section} of unknown kind", where="build")
        if kind is None or (int(address, 16) == 0 and kind != 0):
            continue
        if source is not None:
            objects[source][kind] += int(size, 16)
        elif libraries and origin.endswith(")"):
            library[kind] += int(size, 16)
    weights = sum(row[1] for source, row in objects.items() if Path(source).stem.startswith(f"{network}_weights"))
    totals = [sum(row[kind] for row in objects.values()) for kind in range(4)]
    return Sizes(
        code_bytes=totals[0],
        weights_bytes=weights,
        tables_bytes=totals[1] - weights,
        data_bytes=totals[2],
        bss_bytes=totals[3],
        library_flash_bytes=library[0] + library[1] + library[2],
        library_ram_bytes=library[2] + library[3],
        objects={source: (row[0], row[1], row[2], row[3]) for source, row in objects.items()},
    )
