"""The form of generated code: warnings, includes, symbols, determinism, two models in one program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinyengine_tf
from tests.codegen.models import small_cnn
from tests.exact import HostModel
from tests.modelgen import ModelBuilder
from tinyengine_tf.target import Target, load_target

REPO = Path(__file__).resolve().parent.parent.parent
WARNINGS = (
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wcast-align",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-pedantic",
    "-Werror",
)
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32", "host")
MODES = (
    {},
    {"optimize": "ram"},
    {"optimize": "ram", "feed": "rows"},
    {"optimize": "ram", "feed": "image"},
    {"io": "int8"},
)


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr[:4000]
    return done.stdout


def written(folder: Path, model: bytes, **options: object) -> Path:
    tinyengine_tf.convert(model, folder, **options)  # type: ignore[arg-type]
    return folder


def sources(folder: Path) -> list[str]:
    return [str(p) for p in sorted((folder / "src").rglob("*.c"))]


def compile_object(compiler: str, target: Target, folder: Path, source: str, out: Path, *flags: str) -> None:
    include = f"-I{folder / 'include'}"
    run(compiler, *target.cflags, "-std=c99", "-O2", *flags, include, "-c", source, "-o", str(out))


@pytest.mark.parametrize("mode", MODES, ids=lambda m: "-".join(map(str, m.values())) or "default")
@pytest.mark.parametrize("core", CORES)
def test_no_warnings(core: str, mode: dict[str, str], tmp_path: Path) -> None:
    target = load_target(core)
    folder = written(tmp_path / "c", small_cnn(float_edges=mode.get("feed") is None), target=core, **mode)
    compilers = [f"{target.compiler_prefix}gcc"] + (["clang"] if target.is_host else [])
    for compiler in compilers:
        for source in sources(folder):
            compile_object(compiler, target, folder, source, tmp_path / "x.o", *WARNINGS)


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m55", "riscv32"])
def test_nothing_but_string_h(core: str, tmp_path: Path) -> None:
    """Undefined symbols: what string.h declares, and the compiler's own arithmetic."""
    target = load_target(core)
    folder = written(tmp_path / "c", small_cnn(float_edges=True), target=core)
    allowed = {"memcpy", "memset", "memmove", "memcmp"}
    for source in sources(folder):
        compile_object(f"{target.compiler_prefix}gcc", target, folder, source, tmp_path / "x.o")
        for line in run(f"{target.compiler_prefix}nm", "-u", str(tmp_path / "x.o")).splitlines():
            name = line.split()[-1]
            assert name in allowed or name.startswith(("net_", "__aeabi_", "__gnu_", "__")), name


def test_bytes_are_the_same_everywhere(tmp_path: Path) -> None:
    """Another process, hash seed, folder and working directory: not one byte differs."""
    (tmp_path / "m.tflite").write_bytes(small_cnn())
    seen = []
    for seed, folder in (("1", "a"), ("2", "deeper/b")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPO)}
        command = [
            sys.executable,
            "-m",
            "tinyengine_tf",
            "convert",
            str(tmp_path / "m.tflite"),
            "--out",
            str(tmp_path / folder),
        ]
        subprocess.run(command, env=env, check=True, capture_output=True, cwd=tmp_path)
        root = tmp_path / folder
        seen.append({str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()})
    assert seen[0] == seen[1] and len(seen[0]) >= 6
    assert not any(str(tmp_path).encode() in text for text in seen[0].values())


def test_two_models_in_one_program_and_cplusplus(tmp_path: Path) -> None:
    objects = []
    for index, name in enumerate(("first", "second")):
        folder = written(tmp_path / name, small_cnn(index), target="host", name=name)
        for number, source in enumerate(sources(folder)):
            objects.append(str(tmp_path / f"{name}{number}.o"))
            run("gcc", "-std=c99", "-O2", f"-I{folder / 'include'}", "-c", source, "-o", objects[-1])
    (tmp_path / "main.cc").write_text(
        '#include "first.h"\n#include "second.h"\n'
        "int main() {\n"
        "  if (first_init(nullptr, 0) != TE_OK || second_init(nullptr, 0) != TE_OK) return 1;\n"
        "  for (int i = 0; i < FIRST_INPUT0_BYTES; i++) static_cast<char *>(first_input(0))[i] = 1;\n"
        "  for (int i = 0; i < SECOND_INPUT0_BYTES; i++) static_cast<char *>(second_input(0))[i] = 2;\n"
        "  return first_invoke() + second_invoke() + (first_output(1) != nullptr);\n}\n"
    )
    run(
        "g++",
        "-std=c++11",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{tmp_path}/first/include",
        f"-I{tmp_path}/second/include",
        str(tmp_path / "main.cc"),
        *objects,
        "-o",
        str(tmp_path / "main"),
    )
    run(str(tmp_path / "main"))


def test_arena_rules(tmp_path: Path) -> None:
    """init refuses what is too small or misaligned; invoke refuses to run before init; callers' arenas work."""
    folder = written(tmp_path / "c", small_cnn(), target="host")
    (tmp_path / "main.c").write_text(
        '#include "net.h"\n#include <stdio.h>\n#include <string.h>\n'
        "static long long mine[NET_ARENA_BYTES / 8 + 2];\n"
        "int main(void) {\n"
        "  char first[NET_OUTPUT0_BYTES];\n"
        "  if (net_invoke() != TE_ERROR_NOT_INITIALIZED || net_input(0) || net_output(0)) return 1;\n"
        "  if (net_init(mine, NET_ARENA_BYTES - 1) != TE_ERROR_ARENA_TOO_SMALL) return 2;\n"
        "  if (net_init((char *)mine + 1, NET_ARENA_BYTES) != TE_ERROR_ARENA_MISALIGNED) return 3;\n"
        "  if (net_init(0, 0) != TE_OK) return 4;\n"
        "  memset(net_input(0), 3, NET_INPUT0_BYTES);\n"
        "  if (net_invoke() != TE_OK) return 5;\n"
        "  memcpy(first, net_output(0), sizeof first);\n"
        "  if (net_init(mine, sizeof mine) != TE_OK) return 6;\n"
        "  if (net_input(-1) || net_input(NET_NUM_INPUTS) || net_output(NET_NUM_OUTPUTS)) return 6;\n"
        "  memset(net_input(0), 3, NET_INPUT0_BYTES);\n"
        "  if (net_invoke() != TE_OK || memcmp(first, net_output(0), sizeof first)) return 7;\n"
        "  return 0;\n}\n"
    )
    run(
        "gcc",
        "-std=c99",
        "-fsanitize=address,undefined",
        f"-I{folder / 'include'}",
        str(tmp_path / "main.c"),
        *sources(folder),
        "-o",
        str(tmp_path / "main"),
    )
    run(str(tmp_path / "main"))


def test_no_static_arena_on_request(tmp_path: Path) -> None:
    folder = written(tmp_path / "c", small_cnn(), target="cortex-m4")
    run(
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m4",
        "-mthumb",
        "-std=c99",
        "-O2",
        "-DNET_NO_STATIC_ARENA",
        f"-I{folder / 'include'}",
        "-c",
        str(folder / "src" / "net.c"),
        "-o",
        str(tmp_path / "x.o"),
    )
    text, data, bss = map(int, run("arm-none-eabi-size", str(tmp_path / "x.o")).splitlines()[1].split()[:3])
    assert text > 0 and data == 0 and bss == 4


def test_report_tells_what_was_generated(tmp_path: Path) -> None:
    folder = written(tmp_path / "c", small_cnn(), target="cortex-m4")
    report = json.loads((folder / "report.json").read_text())
    on_disk = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert report["files"] == on_disk
    assert report["arena_bytes"] > 0 and report["weights_bytes"] > 0
    assert report["macs"] == sum(layer["macs"] for layer in report["layers"]) > 0
    header = (folder / "include" / "net.h").read_text()
    assert f"#define NET_ARENA_BYTES {report['arena_bytes']}\n" in header


def test_names_from_the_model_cannot_leave_their_comment() -> None:
    b = ModelBuilder("evil")
    x = b.input((1, 4), scale=0.1, zero_point=0, name="*/ int evil; /*")
    y = b.tensor((1, 4), scale=1 / 256, zero_point=-128, name="*/\n#error gotcha\\\n??/ /*\u202e")
    b.op("LOGISTIC", [x], [y])
    y2 = b.tensor((1, 4), scale=1 / 256, zero_point=-128, name="*/\n#error gotcha\\\n??/ /*\u202e")
    b.op("LOGISTIC", [y], [y2])
    b.output(y2)
    HostModel(b.finish())
