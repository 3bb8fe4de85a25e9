"""The harness: outputs, exact counts, stack, traces and failures, on every core with an emulator and on the host."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinyengine_tf.errors import InternalError, ToolchainError, UsageError
from tinyengine_tf.lab import build, emulate
from tinyengine_tf.target import Target

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
Load = Callable[[str], Target]


def samples(count: int) -> list[list[np.ndarray]]:
    return [[np.random.default_rng(seed).integers(-64, 64, 16).astype(np.int8)] for seed in range(count)]


def check_outputs(run: emulate.Run, inputs: list[list[np.ndarray]]) -> None:
    assert len(run.outputs) == len(inputs)
    for (x,), (biased, total) in zip(inputs, run.outputs, strict=True):
        assert np.array_equal(biased.view(np.int8), x + np.arange(1, 17, dtype=np.int8))
        assert total.view("<i4")[0] == x.astype(int).sum()


@pytest.mark.parametrize("name", [*CORES, "host"])
@pytest.mark.parametrize("caller_arena", [False, True])
def test_outputs(name: str, caller_arena: bool, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    program = build.compile_network(toy, target_or_skip(name), tmp_path, warnings=True, caller_arena=caller_arena)
    inputs = samples(40)
    check_outputs(emulate.run(program, inputs), inputs)


ARM_LOOP = """\
    .syntax unified
    .thumb
    .balign 4
    .thumb_func
    .global toy_invoke
toy_invoke:
    ldr r0, =toy_memory
    ldr r0, [r0]
1:  subs r0, #1
    bne 1b
    movs r0, #0
    bx lr
    .ltorg
"""
RISCV_LOOP = """\
    .option norelax
    .global toy_invoke
toy_invoke:
    lui a0, %hi(toy_memory)
    lw a0, %lo(toy_memory)(a0)
1:  addi a0, a0, -1
    bnez a0, 1b
    li a0, 0
    ret
"""


@pytest.mark.parametrize("name", CORES)
def test_instructions_are_exact(name: str, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    """An invoke in assembly, 4 instructions and 2 per turn, is counted to the last one for any number of turns."""
    target = target_or_skip(name)
    lines = (RISCV_LOOP if name == "riscv32" else ARM_LOOP).splitlines()
    assembly = "\n".join(f'"{line}\\n"' for line in lines)
    (toy / "src" / "invoke.c").write_text(f"__asm__({assembly});\n")
    source = toy / "src" / "toy.c"
    text = (
        source.read_text()
        .replace("toy_invoke", "unused_invoke")
        .replace("static union", "union")
        .replace("builtin", "toy_memory")
    )
    source.write_text(
        text.replace("int unused_invoke(void)\n{", "int unused_invoke(void);\nint unused_invoke(void)\n{")
    )
    turns = [*range(1, 60), 1000, 12345, 3_000_000]
    run = emulate.run(
        build.compile_network(toy, target, tmp_path), [[np.array([n, 0, 0, 0], np.uint32)] for n in turns]
    )
    assert run.instructions_each == tuple(4 + 2 * n for n in turns)
    assert run.stack_bytes < 64


@pytest.mark.parametrize("name", CORES)
def test_stack_is_the_deepest_use(name: str, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    target = target_or_skip(name)
    depths = []
    for size in (200, 5000):
        source = toy / "src" / "toy.c"
        source.write_text(source.read_text().replace("STACK_BYTES 200", f"STACK_BYTES {size}"))
        depths.append(emulate.run(build.compile_network(toy, target, tmp_path / str(size)), samples(2)).stack_bytes)
    assert 200 <= depths[0] < 300 and 4768 <= depths[1] - depths[0] <= 4832


@pytest.mark.parametrize("name", [*CORES, "host"])
def test_trace(name: str, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    target = target_or_skip(name)
    inputs = samples(3)
    plain = emulate.run(build.compile_network(toy, target, tmp_path / "plain"), inputs)
    traced = emulate.run(
        build.compile_network(toy, target, tmp_path / "traced", extra_cflags=("-DTOY_TRACE",)), inputs, trace=True
    )
    check_outputs(traced, inputs)
    assert [sorted(layers) for layers in traced.layers] == [[(0, 0), (1, 0)]] * 3
    for layers, (biased, total) in zip(traced.layers, traced.outputs, strict=True):
        assert layers[0, 0] == biased.tobytes() and layers[1, 0] == total.tobytes()
    if name == "host":
        return
    assert [sorted(spent) for spent in traced.layer_instructions] == [[-3, 0, 1]] * 3
    assert 0 <= traced.instructions - plain.instructions < 40
    assert traced.layer_instructions[0][0] > 5 * traced.layer_instructions[0][1] > 0


def test_sizes(toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    (toy / "src" / "table.c").write_text(
        "extern const short toy_table[4];\nconst short toy_table[4] = {1, 2, 3, 4};\nint toy_state = 7;\n"
    )
    source = toy / "src" / "toy.c"
    source.write_text(
        source.read_text().replace(
            "sum += base[i];", "sum += base[i] + (toy_table[i & 3] - (i & 3) - 1) + toy_state++ % 1;"
        )
    )
    source.write_text("extern const short toy_table[4];\nextern int toy_state;\n" + source.read_text())
    program = build.compile_network(toy, target_or_skip("cortex-m4"), tmp_path)
    sizes = program.sizes
    assert (sizes.weights_bytes, sizes.tables_bytes, sizes.data_bytes) == (16, 8, 4)
    assert 64 <= sizes.bss_bytes <= 72 and 100 < sizes.code_bytes < 600 and sizes.library_flash_bytes == 0
    assert sizes.flash_bytes == sizes.code_bytes + 28 and sizes.static_ram_bytes == sizes.bss_bytes + 4
    inputs = samples(2)
    check_outputs(emulate.run(program, inputs), inputs)


def test_library_routines_are_counted(toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    program = build.compile_network(toy, target_or_skip("cortex-m0plus"), tmp_path, extra_cflags=("-fno-builtin",))
    assert program.sizes.library_flash_bytes > 0  # memcpy


@pytest.mark.parametrize("name", ["cortex-m0plus", "cortex-m4", "cortex-m33", "cortex-m55", "riscv32", "host"])
def test_crash_is_reported(name: str, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    program = build.compile_network(toy, target_or_skip(name), tmp_path)
    with pytest.raises(InternalError) as error:
        emulate.run(program, [[bytes([78] * 16)]])
    assert (
        "signal" in str(error.value)
        if name == "host"
        else "fault" in str(error.value) and "toy_invoke" in str(error.value)
    )


@pytest.mark.parametrize("name", ["cortex-m4", "riscv32", "host"])
def test_status_time_limit_and_wrong_input(name: str, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    program = build.compile_network(toy, target_or_skip(name), tmp_path)
    with pytest.raises(InternalError, match="toy_invoke returned -5"):
        emulate.run(program, [[bytes([77] * 16)]])
    with pytest.raises(ToolchainError, match="no result after 2 s"):
        emulate.run(program, [[bytes([79] * 16)]], timeout_s=2)
    with pytest.raises(UsageError, match="inputs of"):
        emulate.run(program, [[bytes(15)]])
    with pytest.raises(UsageError, match="one array per input"):
        emulate.run(program, [np.zeros(16, np.int8)])


def test_stack_overflow_is_reported(toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    source = toy / "src" / "toy.c"
    source.write_text(source.read_text().replace("STACK_BYTES 200", "STACK_BYTES 65000"))
    program = build.compile_network(toy, target_or_skip("cortex-m4"), tmp_path)
    with pytest.raises(InternalError, match="bytes of stack used"):
        emulate.run(program, samples(1))


def test_large_batch_needs_no_recompilation(toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    program = build.compile_network(toy, target_or_skip("cortex-m4"), tmp_path)
    inputs = samples(2000)
    run = emulate.run(program, inputs)
    check_outputs(run, inputs)
    assert len(set(run.instructions_each)) == 1


def test_toolchain_errors(toy: Path, tmp_path: Path, target_or_skip: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    host = target_or_skip("host")
    with pytest.raises(UsageError, match="no network header"):
        build.compile_network(tmp_path, host, tmp_path / "w")
    with pytest.raises(UsageError, match="for the host"):
        build.compile_network(toy, target_or_skip("cortex-m4"), tmp_path / "w", sanitize=True)
    (toy / "src" / "broken.c").write_text("int f(void) { return x; }\n")
    with pytest.raises(ToolchainError, match="undeclared"):
        build.compile_network(toy, host, tmp_path / "w")
    (toy / "src" / "broken.c").write_text("int f(int x) { char c = x; return c; }\n")
    with pytest.raises(ToolchainError, match="conversion"):
        build.compile_network(toy, host, tmp_path / "w", warnings=True)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError, match="apt-get install gcc"):
        build.compile_network(toy, host, tmp_path / "w")


@pytest.mark.parametrize("compiler", [None, "clang"])
def test_sanitizers_find_errors(compiler: str | None, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    if compiler:
        build.shutil.which(compiler) or pytest.skip("clang not installed")
    inputs = samples(2)
    host = target_or_skip("host")
    check_outputs(
        emulate.run(build.compile_network(toy, host, tmp_path / "good", sanitize=True, compiler=compiler), inputs),
        inputs,
    )
    source = toy / "src" / "toy.c"
    source.write_text(source.read_text().replace("sum += base[i];", "sum += toy_bias[i + 1];"))
    program = build.compile_network(toy, host, tmp_path / "bad", sanitize=True, compiler=compiler, optimize="-O0")
    with pytest.raises(InternalError, match="global-buffer-overflow|out of bounds"):
        emulate.run(program, inputs)


FLOAT = """\
extern volatile float toy_float;
volatile float toy_float = 1.5f;
void toy_floats(void);
void toy_floats(void) { toy_float = toy_float * toy_float + 0.25f; }
"""
HELIUM = """\
#include <arm_mve.h>
void toy_floats(void);
void toy_floats(void)
{
    static volatile signed char lanes[16];
    vst1q_s8((signed char *)lanes, vaddq_n_s8(vdupq_n_s8(1), 2));
    if (lanes[15] != 3) __builtin_trap();
}
"""


@pytest.mark.parametrize(("name", "code"), [*((name, FLOAT) for name in (*CORES, "stm32h743")), ("cortex-m55", HELIUM)])
def test_floating_point_and_helium_are_enabled(
    name: str, code: str, toy: Path, tmp_path: Path, target_or_skip: Load
) -> None:
    (toy / "src" / "floats.c").write_text(code)
    source = toy / "src" / "toy.c"
    text = (
        source.read_text()
        .replace("int toy_invoke(void)\n{", "void toy_floats(void);\nint toy_invoke(void)\n{")
        .replace("base[0] == 77", "toy_floats(), base[0] == 77")
    )
    source.write_text(text)
    program = build.compile_network(toy, target_or_skip(name), tmp_path)
    inputs = samples(1)
    check_outputs(emulate.run(program, inputs), inputs)
    assert (program.sizes.library_flash_bytes > 500) == (
        code is FLOAT and name in ("cortex-m0plus", "cortex-m3", "riscv32")
    )


LARGE = """\
extern const unsigned char toy_large[3000000];
const unsigned char toy_large[3000000] = {[0] = 1, [2999999] = 9};
static unsigned char arena[3000000];
static volatile long last = 2999999;
int toy_check(void);
int toy_check(void)
{
    unsigned sum = 0;
    long i;
    for (i = 0; i <= last; i += 1000) { sum += arena[i]; arena[i] = 1; }
    for (i = 0; i <= last; i += 1000) sum += arena[i];
    return sum == 3000 && toy_large[last - last] == 1 && toy_large[last] == 9 ? 0 : -9;
}
"""


@pytest.mark.parametrize("name", CORES)
def test_large_networks_fit_the_emulated_memory(name: str, toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    """3 MB of weights and 3 MB of arena, both really there, zeroed, and apart."""
    (toy / "src" / "toy_weights_large.c").write_text(LARGE)
    source = toy / "src" / "toy.c"
    text = source.read_text().replace("int toy_init(void *arena", "int toy_check(void);\nint toy_init(void *arena")
    source.write_text(text.replace("    return 0;\n}\nvoid *toy_input", "    return toy_check();\n}\nvoid *toy_input"))
    program = build.compile_network(toy, target_or_skip(name), tmp_path)
    inputs = samples(1)
    check_outputs(emulate.run(program, inputs), inputs)
    assert program.sizes.weights_bytes == 3_000_016 and program.sizes.bss_bytes >= 3_000_064


@pytest.mark.parametrize("duration", [0, 1, 41, 2**32 - 1, 2**32, 861_750_120, 5 * 2**32 + 7, 39 * 2**32])
@pytest.mark.parametrize("start", [0, 39, 2**32 - 1, 2**37 + 5, 40 * 2**32 - 3])
def test_intervals_survive_every_wrap(duration: int, start: int, target_or_skip: Load) -> None:
    """The two words of a time wrap at 2^32 ticks and 2^32 instructions."""
    emulator = target_or_skip("cortex-m4").emulator
    begin, end = (((t // 40) % 2**32, (t + 123) % 2**32) for t in (start, start + duration))
    assert emulate._interval(emulator, begin, end) == duration


def test_inexact_counter_is_refused(toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    """A machine whose counter ticks at another rate than its file says."""
    target = target_or_skip("cortex-m4")
    wrong = dataclasses.replace(target, emulator=dataclasses.replace(target.emulator, ns_per_tick=41))
    with pytest.raises(ToolchainError, match="instructions for a loop of 2002"):
        emulate.run(build.compile_network(toy, wrong, tmp_path), samples(1))


def test_absent_emulator(toy: Path, tmp_path: Path, target_or_skip: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    program = build.compile_network(toy, target_or_skip("cortex-m4"), tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError, match="apt-get install qemu-system-arm"):
        emulate.run(program, samples(1))


def test_section_of_unknown_kind_is_not_overlooked(toy: Path, tmp_path: Path, target_or_skip: Load) -> None:
    source = toy / "src" / "toy.c"
    source.write_text(source.read_text().replace("static union", '__attribute__((section(".fast"))) static union'))
    with pytest.raises(InternalError, match=r"toy.c has a section .fast of unknown kind"):
        build.compile_network(toy, target_or_skip("cortex-m4"), tmp_path)
