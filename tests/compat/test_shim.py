"""The shim's headers: they compile everywhere, and programs written for TFLM get TFLM's answers from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compat.toolchain import FIRMWARE, MCU, SHIM, STRICT, Toolchain, run, toolchain

SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
STANDARDS = ("c++11", "c++14", "c++17", "c++20")
CORALS_PREFIX = "third_party/tflite-micro/"
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


@pytest.mark.parametrize("flags", [(), ("-DUNDER_EXPERIMENTAL",)], ids=str)
@pytest.mark.parametrize("std", STANDARDS)
@pytest.mark.parametrize("name", ["gcc", "clang"])
def test_program_of_spring_2020(name: str, std: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    """The old headers' own place tells the resolvers' age; no option is needed."""
    sources = [FIRMWARE / "spring_2020.cc", FIRMWARE / "fake_model.c"]
    result = run([str(toolchain(name).build(tmp_path, sources, *flags, std=std))], check=False)
    assert result.returncode == 0, result.stderr
    assert "lacks" not in result.stderr


@pytest.mark.parametrize("std", ["c++11", "c++17"])
def test_resolver_without_size_beside_todays_headers(std: str, tmp_path: Path) -> None:
    """One name cannot be a class and a template before C++17, so the firmware's age has to be said."""
    source = tmp_path / "one.cc"
    source.write_text(
        '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"\n'
        "static tflite::MicroMutableOpResolver resolver;\nint main() { return resolver.AddConv2D(); }\n"
    )
    flags = ("-DTINYENGINE_TF_TFLM_2020",) if std == "c++11" else ()
    run([str(toolchain("gcc").build(tmp_path, [source], *flags, std=std))])


# As little of FlatBuffers' own header as shows that the shim adds no second definition, and reads through the first.
STAND_IN_FOR_FLATBUFFERS = """#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
namespace flatbuffers {
typedef uint32_t uoffset_t;
template <typename T> struct Offset { uoffset_t o; };
template <typename T> struct Element {
  typedef T type;
  static T Read(const uint8_t* p) { T t; std::memcpy(&t, p, sizeof(t)); return t; }
};
template <typename T> struct Element<Offset<T>> {
  typedef const T* type;
  static type Read(const uint8_t* p) { return reinterpret_cast<type>(p + Element<uoffset_t>::Read(p)); }
};
template <typename T, typename SizeT = uoffset_t> class Vector {
 public:
  SizeT size() const { return length_; }
  typename Element<T>::type Get(SizeT i) const {
    return Element<T>::Read(reinterpret_cast<const uint8_t*>(&length_ + 1) + i * sizeof(T));
  }
 protected:
  SizeT length_;
};
struct String : public Vector<char> {
  const char* c_str() const { return reinterpret_cast<const char*>(&length_ + 1); }
};
static inline const char* GetCstring(const String* s) { return s ? s->c_str() : ""; }
template <bool Track> class VerifierTemplate final {
 public:
  VerifierTemplate(const uint8_t* buf, size_t size) : buf_(buf), size_(size) {}
  size_t size() const { return size_; }
 private:
  const uint8_t* buf_;
  const size_t size_;
};
using Verifier = VerifierTemplate<false>;
}
"""


@pytest.mark.parametrize("path_first", ["shim", "flatbuffers"])
@pytest.mark.parametrize("include_first", [True, False])
def test_flatbuffers_own_headers_beside_the_shim(path_first: str, include_first: bool, tmp_path: Path) -> None:
    own = tmp_path / "real" / "flatbuffers" / "flatbuffers.h"
    own.parent.mkdir(parents=True)
    own.write_text(STAND_IN_FOR_FLATBUFFERS)
    includes = ['#include "flatbuffers/flatbuffers.h"', '#include "tensorflow/lite/schema/schema_generated.h"']
    source = tmp_path / "one.cc"
    source.write_text(
        "\n".join(includes if include_first else reversed(includes))
        + """
#include "models.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
int main() {
  flatbuffers::Verifier verifier(g_negate, 64);
  const tflite::Model* model = tflite::GetModel(g_negate);
  return tflite::VerifyModelBuffer(verifier) && std::strcmp(model->description()->c_str(), "by hand") == 0 &&
         model->subgraphs()->Get(0)->outputs()->Get(0) == 5 && sizeof(flatbuffers::VerifierTemplate<true>) > 0 ? 0 : 1;
}
"""
    )
    path = f"-I{tmp_path / 'real'}"
    first = (path,) if path_first == "flatbuffers" else ()
    compiler = Toolchain(cc="gcc", cxx="g++", flags=first)
    run([str(compiler.build(tmp_path, [source, FIRMWARE / "fake_model.c"], path))])


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


def test_standard_headers_come_along_as_with_tflm(tmp_path: Path) -> None:
    """Programs use what FlatBuffers' headers include below TFLM's; Arm's evaluation kit does."""
    source = tmp_path / "one.cc"
    source.write_text(
        '#include "tensorflow/lite/micro/micro_interpreter.h"\n'
        "std::set<std::pair<float, uint32_t>> scores;\nstd::function<int()> f;\nstd::array<int, 2> a;\n"
        "int main() { assert(scores.empty()); return std::abs(a[0]) + (isdigit('a') ? 1 : 0); }\n"
    )
    check_syntax(toolchain("gcc"), source, "c++11")


def test_headers_below_corals_prefix_lead_to_the_others() -> None:
    """All that applications include; micro/kernels/ holds what a program seldom names."""
    there = {header.removeprefix(CORALS_PREFIX) for header in HEADERS if header.startswith(CORALS_PREFIX)}
    for header in there:
        assert f'#include "{header}"' in (SHIM / CORALS_PREFIX / header).read_text()
    current = "tensorflow/lite/micro/"
    assert {h for h in HEADERS if h.startswith(current) and h.count("/") == 3 and not is_refusal(h)} - there <= {
        current + old
        for old in ("micro_optional_debug_tools.h", "simple_memory_allocator.h", "recording_simple_memory_allocator.h")
    }


def test_every_header_needs_no_other(tmp_path: Path) -> None:
    for header in HEADERS:
        if not is_refusal(header) and not header.startswith(CORALS_PREFIX):
            source = tmp_path / "one.cc"
            source.write_text(f'#include "{header}"\n')
            check_syntax(toolchain("gcc"), source, "c++11")


@pytest.mark.parametrize("std", STANDARDS)
@pytest.mark.parametrize("name", ["gcc", "clang", "arm"])
def test_headers_compile_together_and_twice(name: str, std: str, tmp_path: Path) -> None:
    tests = {"micro_test.h", "micro_test_v2.h"}
    for one_test_header in sorted(tests):
        chosen = [h for h in HEADERS if not is_refusal(h) and Path(h).name not in tests - {one_test_header}]
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
        "model->metadata()",
        "model->subgraphs()->Get(0)->tensors()",
        "model->subgraphs()->Get(0)->operators()->Get(0)->inputs()",
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
