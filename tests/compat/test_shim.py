"""The shim's headers: they compile everywhere, and programs written for TFLM get TFLM's answers from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compat.toolchain import FIRMWARE, MCU, SHIM, STRICT, Toolchain, run, toolchain

SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
STANDARDS = ("c++11", "c++14", "c++17", "c++20")
HEADERS = sorted(path.relative_to(SHIM).as_posix() for path in SHIM.rglob("*.h"))


def is_refusal(header: str) -> bool:
    """Whether the header only says why it is not supported."""
    return "#error" in (SHIM / header).read_text()


@pytest.mark.parametrize("std", STANDARDS)
@pytest.mark.parametrize("name", ["gcc", "clang"])
@pytest.mark.parametrize("program", ["current_api", "legacy_api"])
def test_program_written_for_tflm(program: str, name: str, std: str, tmp_path: Path) -> None:
    compiler = toolchain(name)
    flags = SANITIZE if std == "c++11" else ("-O2",)
    built = compiler.build(tmp_path, [FIRMWARE / f"{program}.cc", FIRMWARE / "fake_model.c"], *flags, std=std)
    result = run([str(built)], check=False)
    assert result.returncode == 0, result.stderr
    assert "~~~ALL TESTS PASSED~~~" in result.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ("-DTF_LITE_STRIP_ERROR_STRINGS",),
        ("-DTF_LITE_STATIC_MEMORY",),
        ("-DNDEBUG", "-Os"),
        ("-DTINYENGINE_TF_USE_STDIO=0",),
        ("-flto", "-O2"),
    ],
    ids=str,
)
@pytest.mark.parametrize("program", ["current_api", "legacy_api"])
def test_program_under_tflm_options(program: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    built = toolchain("gcc").build(tmp_path, [FIRMWARE / f"{program}.cc", FIRMWARE / "fake_model.c"], *flags)
    assert run([str(built)], check=False).returncode == 0


def check_syntax(compiler: Toolchain, source: Path, std: str) -> None:
    run(
        [
            compiler.cxx,
            *compiler.flags,
            f"-std={std}",
            *STRICT,
            "-Wshadow",
            "-Wundef",
            "-Wnon-virtual-dtor",
            *MCU,
            f"-I{SHIM}",
            "-fsyntax-only",
            str(source),
        ]
    )


def test_every_header_needs_no_other(tmp_path: Path) -> None:
    for header in HEADERS:
        if not is_refusal(header):
            source = tmp_path / "one.cc"
            source.write_text(f'#include "{header}"\n')
            check_syntax(toolchain("gcc"), source, "c++11")


@pytest.mark.parametrize("std", STANDARDS)
@pytest.mark.parametrize("name", ["gcc", "clang", "arm"])
def test_headers_compile_together_and_twice(name: str, std: str, tmp_path: Path) -> None:
    tests = {"tensorflow/lite/micro/testing/micro_test.h", "tensorflow/lite/micro/testing/micro_test_v2.h"}
    for one_test_header in sorted(tests):
        chosen = [h for h in HEADERS if not is_refusal(h) and (h not in tests or h == one_test_header)]
        source = tmp_path / "all.cc"
        source.write_text("".join(f'#include "{header}"\n' for header in chosen * 2))
        check_syntax(toolchain(name), source, std)


@pytest.mark.parametrize("name", ["gcc", "clang", "arm"])
def test_c_headers_compile_as_c(name: str, tmp_path: Path) -> None:
    toolchain(name).build(tmp_path, [FIRMWARE / "c_include.c"], link=False)


def test_headers_that_are_not_supported_say_why(tmp_path: Path) -> None:
    refusals = [header for header in HEADERS if is_refusal(header)]
    assert len(refusals) > 20
    for header in refusals:
        source = tmp_path / "one.cc"
        source.write_text(f'#include "{header}"\n')
        result = run(["g++", f"-I{SHIM}", "-fsyntax-only", str(source)], check=False)
        assert result.returncode != 0
        assert "tinyengine_tf: " in result.stderr


@pytest.mark.parametrize("name", ["gcc", "clang"])
@pytest.mark.parametrize(
    "call",
    [
        "interpreter.GetTensor(3)",
        "interpreter.tensor(0)",
        "interpreter.ResetVariableTensor(1)",
        "interpreter.PrepareNodeAndRegistrationDataFromFlatbuffer()",
        "interpreter.SetDecompressionMemory(nullptr, 0)",
        "model->subgraphs()",
        "model->operator_codes()",
        "model->buffers()",
        "tflite::GetMicroContext(nullptr)",
    ],
)
def test_calls_that_are_not_supported_say_why(call: str, name: str, tmp_path: Path) -> None:
    source = tmp_path / "one.cc"
    source.write_text(
        '#include "tensorflow/lite/micro/micro_interpreter.h"\n'
        "void f(tflite::MicroInterpreter& interpreter, const tflite::Model* model) {\n"
        f"  (void)interpreter; (void)model;\n  (void){call};\n}}\n"
    )
    result = run([toolchain(name).cxx, "-std=c++11", f"-I{SHIM}", "-fsyntax-only", str(source)], check=False)
    assert result.returncode != 0
    assert re.search(r"tinyengine_tf: .{20,}", result.stderr), result.stderr


@pytest.mark.parametrize(
    "flags, expected",
    [
        ((), "[target]\n[new]this is 50% of 1.50[new]\r\n[new]plain"),
        (("-DLEGACY_DEBUG_LOG",), "[old]this is 50%% of 1.50[old]\r\n[old]plain"),
        (("-DCORTEX_M_PORT",), "[port]this is 50%% of 1.50[port]\r\n[port]plain"),
    ],
    ids=["current", "legacy", "cortex_m_generic"],
)
def test_the_firmwares_port_is_used(flags: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    extra = flags or ("-DEXPECT_TICKS",)
    built = toolchain("gcc").build(tmp_path, [FIRMWARE / "uses_hooks.cc", FIRMWARE / "platform_hooks.cc"], *extra)
    assert run([str(built)]).stdout.replace("\r\n", "\n") == expected.replace("\r\n", "\n")


def test_a_registered_callback_is_used(tmp_path: Path) -> None:
    built = toolchain("gcc").build(tmp_path, [FIRMWARE / "uses_hooks.cc"], "-DCALLBACK")
    assert "[callback]this is 50% of 1.50" in run([str(built)]).stdout


def test_without_a_port_messages_go_to_stderr(tmp_path: Path) -> None:
    built = toolchain("gcc").build(tmp_path, [FIRMWARE / "uses_hooks.cc"])
    result = run([str(built)])
    assert (result.stdout, result.stderr) == ("", "this is 50% of 1.50\nplain")


@pytest.mark.parametrize("flags", [("-O2",), SANITIZE], ids=["plain", "sanitized"])
def test_own_formatter_agrees_with_the_c_library(flags: tuple[str, ...], tmp_path: Path) -> None:
    built = toolchain("gcc").build(
        tmp_path, [FIRMWARE / "format.cc"], "-DTINYENGINE_TF_USE_STDIO=0", "-Wno-format-truncation", *flags
    )
    result = run([str(built)], check=False)
    assert result.returncode == 0, result.stdout


def fnv64(data: bytes) -> int:
    """te_model_hash, written again from its description."""
    value = 0xCBF29CE484222325
    padded = data + bytes(-len(data) % 4)
    for i in range(0, len(padded), 4):
        value = (value ^ int.from_bytes(padded[i : i + 4], "little")) * 0x100000001B3 % 2**64
    return value


def test_kept_flatbuffer_is_matched_by_content(tmp_path: Path) -> None:
    data = b"\x1c\0\0\0TFL3" + bytes(i * 7 % 251 for i in range(195))
    rows = ", ".join(map(str, data))
    (tmp_path / "kept_array.h").write_text(f"static const unsigned char kept_array[] = {{{rows}}};\n")
    (tmp_path / "tinyengine_tf_models.inc").write_text("TE_REGISTERED_MODEL(kept_te_model)\n")
    whole, head = fnv64(data), fnv64(data[:64])
    flags = [
        f"-DKEPT_SOURCE_BYTES={len(data)}",
        f"-DKEPT_HASH_LOW={whole % 2**32}u",
        f"-DKEPT_HASH_HIGH={whole >> 32}u",
        f"-DKEPT_HEAD_LOW={head % 2**32}u",
        f"-DKEPT_HEAD_HIGH={head >> 32}u",
        f"-I{tmp_path}",
        *SANITIZE,
    ]
    built = toolchain("gcc").build(tmp_path, [FIRMWARE / "keep_flatbuffer.cc", FIRMWARE / "fake_model.c"], *flags)
    result = run([str(built)])
    assert result.stdout == "0 1 1 1\n"  # kTfLiteOk as converted, kTfLiteError when the last or an early byte changed
    assert "convert the current .tflite file again" in result.stderr


def all_add_names() -> list[str]:
    return re.findall(r"^  X\((\w+), \w+(?:, [^)]*)?\)", (SHIM / "tinyengine_tf/tflm_ops.h").read_text(), re.MULTILINE)


def test_every_operator_of_tflm_can_be_added(tmp_path: Path) -> None:
    names = all_add_names()
    assert len(names) == 118
    calls = "\n".join(f"  if (resolver.Add{name}() != kTfLiteOk) return 1;" for name in names)
    source = tmp_path / "all.cc"
    source.write_text(
        '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"\n'
        f"static int Fill(tflite::MicroMutableOpResolver<{len(names)}>& resolver) {{\n{calls}\n  return 0;\n}}\n"
        f"int main() {{ tflite::MicroMutableOpResolver<{len(names)}> resolver; return Fill(resolver); }}\n"
    )
    run([str(toolchain("gcc").build(tmp_path, [source]))])


def needed_symbols(program: Path) -> set[str]:
    """What an object file refers to and must find; weak references may stay empty."""
    lines = run(["arm-none-eabi-nm", "--undefined-only", str(program)]).stdout.splitlines()
    return {line.split()[1] for line in lines if line.split()[0] == "U"}


@pytest.mark.parametrize("flags", [("-Os",), ("-O2", "-DTF_LITE_STRIP_ERROR_STRINGS")], ids=str)
def test_no_heap_exceptions_or_type_information_on_arm(flags: tuple[str, ...], tmp_path: Path) -> None:
    source = tmp_path / "firmware.cc"
    source.write_text(
        '#include "models.h"\n#include "tensorflow/lite/micro/micro_interpreter.h"\n'
        '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"\n'
        "alignas(16) static uint8_t arena[4096];\n"
        "int Run() {\n  static tflite::MicroMutableOpResolver<3> resolver;\n  resolver.AddConv2D();\n"
        "  tflite::MicroInterpreter interpreter(tflite::GetModel(g_negate), resolver, arena, sizeof(arena));\n"
        "  return interpreter.Invoke();\n}\n"
    )
    toolchain("arm").build(tmp_path, [source], *flags, "-fno-threadsafe-statics", link=False)
    needed = needed_symbols(tmp_path / "firmware.o")
    unwanted = re.compile(
        r"_Znw|_Zna|_Zdl|_Zda|malloc|free|__cxa_pure_virtual|__cxa_throw|__dynamic_cast|_ZTI|.*printf"
    )
    assert not {symbol for symbol in needed if unwanted.match(symbol)}, needed
