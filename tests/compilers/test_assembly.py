"""The form of generated assembly: what every assembler and C compiler reads in the same way; r9 for who needs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compilers.builds import CLANG, GCC, Build, Network, target_or_skip
from tests.kernels.batch import Batch
from tinyengine_tf import api
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.assembly import in_pieces
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.target import load_target

ASSEMBLY_CORES = ("cortex-m0plus", "cortex-m4", "cortex-m55")
LONGEST_LITERAL = 4095  # characters, ISO C99 5.2.4.1
ONE_REGISTER_LIST = re.compile(r"\b(?:ldm|stm|push\b|pop\b)[^{\"\n]*\{\s*\w+\s*\}")
LITERALS = re.compile(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+')


def layers_of_many_shapes() -> bytes:
    """Layers whose kernels are assembly: long ones (deep, unrolled), and the smallest."""
    batch = Batch(seed=3)
    for depth, filters in ((1, 1), (9, 7), (30, 33)):
        batch.conv((3, 3, depth), filters)
        batch.fully_connected(1, depth, filters)
    batch.conv((4, 4, 5), 3, (3, 3))
    for kernel in ((1, 1), (1, 3), (2, 1), (3, 3), (7, 7)):
        batch.conv((8, 12, 5), 5, kernel, depthwise=True, stride=(1 + kernel[0] // 7, 1))
    batch.binary("ADD", (1, 3, 5), (1, 3, 5), (0.1, 0.2, 0.3), (1, 2, 3))
    batch.binary("MUL", (1, 3, 5), (1, 3, 5), (0.1, 0.2, 0.3), (1, 2, 3))
    return batch.builder.finish()


def generated(model: bytes, core: str) -> str:
    bundle = render(api.compile_graph(api.load_graph(model), load_target(core)), Options())
    return "\n".join(text for path, text in bundle.items() if path.endswith((".c", ".h")))


def problems(text: str) -> list[str]:
    """Strings that are too long, lists of one register."""
    found = [f"{len(one)} characters: {one[:60]}" for one in strings(text) if len(one) > LONGEST_LITERAL]
    return found + ONE_REGISTER_LIST.findall(text)


def strings(text: str) -> list[str]:
    """The C strings of a text, neighbouring literals joined."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return [re.sub(r"\\.", " ", "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', s))) for s in LITERALS.findall(code)]


@pytest.mark.parametrize("core", ASSEMBLY_CORES)
def test_layers_of_many_shapes(core: str) -> None:
    assert problems(generated(layers_of_many_shapes(), core)) == []


@pytest.mark.parametrize("core", ASSEMBLY_CORES)
def test_real_models(core: str, shared_dir: Path) -> None:
    for name in ("mlperf_kws", "mlperf_vww", "person_detect"):
        assert problems(generated((shared_dir / "models" / f"{name}.tflite").read_bytes(), core)) == [], name


@pytest.mark.nightly
@pytest.mark.parametrize("core", ASSEMBLY_CORES)
def test_all_real_models(core: str, shared_dir: Path) -> None:
    for path in sorted((shared_dir / "models").rglob("*.tflite")):
        try:
            text = generated(path.read_bytes(), core)
        except UnsupportedError:
            continue
        assert problems(text) == [], path.name


def test_problems_are_seen() -> None:
    long = "\n".join('    "add r0, r0, #1\\n\\t"' for _ in range(300))
    assert problems(f"f(\n{long});")[0].startswith("4800 characters")
    for line in ("ldmia r12, {r0}", "stm sp, {r4}", "pop { r7 }", "push {lr}"):
        assert problems(f'"{line}\\n\\t"'), line
    assert problems('"ldmia r12, {r0, r1}\\n\\t" "push {r4-r11, lr}\\n\\t" "vldmia %0!, {s15}"') == []


def test_pieces_are_the_whole() -> None:
    """All instructions, in order, each piece named once."""
    lines = [f'        "add r0, r0, #{i % 7}\\n\\t"' for i in range(999)] + ['        "bx lr"']
    text = in_pieces("    __asm__ volatile(\n" + "\n".join(lines) + '\n        : "+r"(r0) : : "memory");\n')
    pieces = re.findall(r'"\.macro (te_piece\d+)\\n\\t"\n(.*?)\n *"\.endm"', text, re.DOTALL)
    written = "\n".join(body for _, body in pieces)
    assert re.findall(r"#(\d)", written) == [str(i % 7) for i in range(999)] and written.count("bx lr") == 1
    uses = re.findall(r'"(te_piece\d+)\\n', text)
    assert uses == [name for name, _ in pieces] and len(uses) > 3
    assert problems(text) == [] and text.endswith(': "+r"(r0) : : "memory");\n')


def test_short_statements_stay_as_they_are() -> None:
    text = '    __asm__ volatile(\n        "nop\\n\\t"\n        "nop"\n        : : : "memory");\n'
    assert in_pieces(text) == text


@pytest.mark.parametrize("core", ASSEMBLY_CORES)
def test_builds_of_assembly(core: str, tmp_path: Path) -> None:
    """Pieces, lists and branches mean the same to both assemblers, after any optimisation; r9 may be reserved.

    clang has nothing to warn of, neither pragmas for GCC nor long strings.
    """
    network = Network(layers_of_many_shapes(), target_or_skip(core, "clang"), tmp_path)
    chosen = [b for b in (*GCC, *CLANG) if b.name in ("gcc-O0", "gcc-O2-lto", "gcc-O2-fixed-r9", "clang-O2")]
    assert len(chosen) == 4 and network.differences(chosen) == []
    flags = ("-Wall", "-Wextra", "-Wunknown-pragmas", "-pedantic", "-Werror")
    silent = Build("clang-warnings", "-O1", "clang", flags)
    assert network.differences([silent]) == []


def test_one_row_depthwise_convolution_built_by_clang(tmp_path: Path) -> None:
    """LDMIA of one register, as GCC's assembler never encodes it, faults on Cortex-M4."""
    batch = Batch(seed=1)
    batch.conv((1, 9, 3), 3, (1, 3), depthwise=True)
    network = Network(batch.builder.finish(), target_or_skip("cortex-m4", "clang"), tmp_path)
    assert network.differences(CLANG) == []
