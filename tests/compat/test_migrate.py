"""tflm_compat migrate: what it finds in firmware, that it writes nothing unasked, and that its advice works."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.compat.toolchain import run, toolchain
from tflm_compat.cli import main
from tflm_compat.migrate import migrate, scan
from tflm_compat.migrate.constants import Constants
from tflm_compat.migrate.program import Program
from tflm_compat.migrate.tree import read_tree
from tinyengine_tf.errors import UsageError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/tflm_firmware"
MODEL = EXAMPLE / "motion.tflite"

MAIN = """\
#include "model.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
// tflite::GetModel(g_commented_out)
#define ARENA_KB 8
constexpr int kArenaSize = ARENA_KB * 1024 - (1 << 4);
static uint8_t arena[kArenaSize];
int main() {
  static tflite::MicroMutableOpResolver<6> resolver;
  resolver.AddConv2D(); resolver.AddDepthwiseConv2D(); resolver.AddMaxPool2D();
  resolver.AddFullyConnected(); resolver.AddSoftmax();
  static tflite::MicroInterpreter interpreter(tflite::GetModel(g_motion), resolver, arena, kArenaSize);
  return g_motion_len > 0 && interpreter.Invoke() == kTfLiteOk ? 0 : 1;
}
"""
HEADER = "extern const unsigned char g_motion[];\nextern const int g_motion_len;\n"


def array(name: str, data: bytes, prefix: str = "") -> str:
    return f'#include "model.h"\n{prefix}alignas(16) const unsigned char {name}[] = {{{", ".join(map(hex, data))}}};\n'


def firmware(folder: Path, **files: str) -> Path:
    """A firmware of main.cc, model.h, model_data.cc and `files`; underscores in keys stand for dots."""
    folder.mkdir()
    data = MODEL.read_bytes()
    texts = {
        "main.cc": MAIN,
        "model.h": HEADER,
        "model_data.cc": array("g_motion", data) + f"const int g_motion_len = {len(data)};\n",
    }
    for name, text in {**texts, **{key.replace("__", "."): value for key, value in files.items()}}.items():
        (folder / name).write_text(text)
    return folder


def fingerprint(folder: Path) -> str:
    return hashlib.sha256(
        repr([(str(p), p.read_bytes() if p.is_file() else b"") for p in sorted(folder.rglob("*"))]).encode()
    ).hexdigest()


def test_finds_model_length_resolver_and_arena(tmp_path: Path) -> None:
    found = scan(firmware(tmp_path / "fw"))
    (model,) = found.models
    assert (model.symbol, str(model.used), str(model.definitions[0].place)) == (
        "g_motion",
        "main.cc:12",
        "model_data.cc:2",
    )
    assert model.data == MODEL.read_bytes() and model.private is None
    assert [(n, t) for n, t, _ in found.lengths] == [("g_motion_len", "int")]
    assert [size for size, _ in found.resolvers] == ["6"] and "Conv2D" in found.operators
    assert found.arenas == {"arena": 8 * 1024 - 16}
    assert not found.not_supported


def test_advice_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = firmware(tmp_path / "fw")
    before = fingerprint(source)
    with pytest.raises(SystemExit) as stop:
        main(
            [
                "migrate",
                "--source",
                str(source),
                "--model",
                str(MODEL),
                "--target",
                "host",
                "--out",
                str(tmp_path / "net"),
            ]
        )
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert (
        "drop model_data.cc from the build" in text
        and "--length-symbol 'g_motion_len:int'" in text
        and "may shrink from 8,176 to" in text
    )
    assert "seems to lack reshape" not in text
    assert fingerprint(source) == before
    compiler = toolchain("gcc")
    program = compiler.build(tmp_path, [source / "main.cc", *sorted((tmp_path / "net/src").glob("*.c"))], f"-I{source}")
    run([str(program)])


def test_writes_nothing_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = firmware(tmp_path / "fw")
    before = fingerprint(tmp_path)
    with pytest.raises(SystemExit):
        main(["migrate", "--source", str(source), "--model", str(MODEL), "--json"])
    data = json.loads(capsys.readouterr().out.rpartition("}")[0] + "}")
    assert (
        data["model_symbol"] == "g_motion"
        and data["needed_arena_bytes"] < data["arenas"]["arena"]
        and not data["problems"]
    )
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize(
    "name, text, kind",
    [
        ("Makefile", "all:\n", "make"),
        ("CMakeLists.txt", "add_executable(app main.cc)\n", "cmake"),
        ("CMakeLists.txt", "idf_component_register(SRCS main.cc)\n", "esp-idf"),
        ("CMakeLists.txt", "find_package(Zephyr REQUIRED)\n", "zephyr"),
        ("platformio.ini", "[env]\n", "platformio"),
        ("fw.ino", "void setup() {}\n", "arduino"),
        ("BUILD", "cc_binary()\n", "bazel"),
    ],
)
def test_build_systems(name: str, text: str, kind: str, tmp_path: Path) -> None:
    source = firmware(tmp_path / "fw")
    (source / name).write_text(text)
    assert [found for found, _ in scan(source).builds] == [kind]
    from tflm_compat.migrate.advise import as_text

    assert f"{kind}: " in as_text(migrate(source, MODEL), "DIR")


@pytest.mark.parametrize("place", ["static", "header"])
def test_private_array_is_kept(place: str, tmp_path: Path) -> None:
    data = MODEL.read_bytes()
    source = firmware(
        tmp_path / "fw",
        **(
            {"model_data__cc": array("g_motion", data, "static ")}
            if place == "static"
            else {"model__h": array("g_motion", data)}
        ),
    )
    if place == "header":
        (source / "model_data.cc").unlink()
    result = migrate(source, MODEL)
    assert result.symbols.array is None and "include/tinyengine_tf_models.inc" in result.conversion.bundle


def test_header_that_the_build_generates_is_written(tmp_path: Path) -> None:
    source = firmware(tmp_path / "fw")
    (source / "model.h").unlink()
    (source / "model_data.cc").unlink()
    result = migrate(source, MODEL)
    assert result.symbols.header == "model.h" and "include/model.h" in result.conversion.bundle


def test_tells_what_will_not_work(tmp_path: Path) -> None:
    source = firmware(
        tmp_path / "fw",
        kernel__cc='#include "tensorflow/lite/micro/kernels/kernel_util.h"\n'
        'void f() { interpreter->GetTensor(3); resolver.AddCustom("MINE", Register_MINE()); }\n',
    )
    result = migrate(source, MODEL)
    assert any(
        p.startswith("kernel.cc:1: tensorflow/lite/micro/kernels/kernel_util.h: a kernel of your own")
        for p in result.problems
    )
    assert any("GetTensor" in p for p in result.problems)
    assert any("MINE" in w for w in result.warnings)


def test_tells_of_a_small_arena_missing_operators_and_another_model(tmp_path: Path) -> None:
    text = MAIN.replace("ARENA_KB * 1024 - (1 << 4)", "100").replace("resolver.AddSoftmax();", "")
    source = firmware(tmp_path / "fw", main__cc=text, model_data__cc=array("g_motion", MODEL.read_bytes()[:-4]))
    result = migrate(source, MODEL)
    assert any("has 100 bytes and needs" in p for p in result.problems)
    assert any("lack softmax" in w for w in result.warnings)
    assert any("another model" in w for w in result.warnings)


def test_several_arrays_need_a_choice_unless_the_content_tells(tmp_path: Path) -> None:
    other = "extern const unsigned char g_other[];\nauto* model = tflite::GetModel(g_other);\n"
    source = firmware(tmp_path / "fw", other__cc=other)
    assert migrate(source, MODEL).symbols.array.name == "g_motion"  # type: ignore[union-attr]
    (source / "model_data.cc").unlink()
    file = tmp_path / "net.tflite"
    file.write_bytes(MODEL.read_bytes())
    with pytest.raises(UsageError, match="g_motion, g_other|g_other, g_motion"):
        migrate(source, file)
    assert migrate(source, file, symbol="g_other").symbols.array.name == "g_other"  # type: ignore[union-attr]


def test_two_generated_models_are_told_apart_by_the_name_of_the_file(tmp_path: Path) -> None:
    source = tmp_path / "fw"
    source.mkdir()
    (source / "main.cc").write_text(
        '#include "models/motion_float_data.h"\n#include "models/motion_int8_data.h"\n'
        "auto* other = tflite::GetModel(g_motion_float_data);\nauto* model = tflite::GetModel(g_motion_int8_data);\n"
    )
    with pytest.raises(UsageError, match="g_motion_float_data, g_motion_int8_data"):
        migrate(source, MODEL)
    file = tmp_path / "motion-int8.tflite"
    file.write_bytes(MODEL.read_bytes())
    symbols = migrate(source, file).symbols
    assert symbols.array is not None and symbols.array.name == "g_motion_int8_data"
    assert symbols.header == "models/motion_int8_data.h"


def test_wrapper_class_with_an_array_that_the_build_generates(tmp_path: Path) -> None:
    source = tmp_path / "fw"
    source.mkdir()
    (source / "runner.h").write_text(
        "class Runner {\n public:\n  Runner(const uint8_t* content, tflite::MicroOpResolver& r, uint8_t* at, int n)\n"
        "      : model_(tflite::GetModel(content)), interpreter_(model_, r, at, n) {}\n};\n"
    )
    (source / "app.cc").write_text(
        '#include "runner.h"\n#include "gen/model_settings.h"\n#include "gen/model_data.h"\n'
        "constexpr int kArena = 20 * 1024;\nuint8_t arena[kArena];\n"
        "void Setup() {\n  static tflite::MicroMutableOpResolver<3> resolver;\n"
        "  static Runner runner(g_gesture_model_data, resolver, arena, kArena);\n}\n"
    )
    found = migrate(source, MODEL)
    assert found.symbols.array is not None and found.symbols.array.name == "g_gesture_model_data"
    assert found.symbols.header == "gen/model_data.h" and found.findings.arenas == {"arena": 20480}


def test_arena_that_several_models_share_through_an_allocator(tmp_path: Path) -> None:
    source = firmware(tmp_path / "fw")
    (source / "shared.cc").write_text(
        "constexpr int kShared = 3 * 1024;\nuint8_t shared[kShared];\n"
        "tflite::MicroAllocator* const allocator = tflite::MicroAllocator::Create(shared, kShared);\n"
        "tflite::MicroInterpreter first(model, resolver, allocator);\n"
    )
    assert scan(source).arenas == {"arena": 8 * 1024 - 16, "shared": 3 * 1024}


def test_libraries_of_tflms_distributions_are_kept(tmp_path: Path) -> None:
    frontend = '#include "tensorflow/lite/experimental/microfrontend/lib/frontend.h"\n'
    found = migrate(firmware(tmp_path / "fw", audio__cc=frontend), MODEL)
    assert not found.problems
    assert any("audio.cc:1" in w and "keep that folder" in w for w in found.warnings)


def test_folder_without_tflm(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    with pytest.raises(UsageError, match="which array is the model"):
        migrate(tmp_path, MODEL)


@pytest.mark.parametrize(
    "expression, value",
    [
        ("136 * 1024", 139264),
        ("kA", 96),
        ("(kA + 4) * 2", 200),
        ("0x10u << 2", 64),
        ("sizeof(buffer)", 96),
        ("static_cast<int>(kA)", 96),
        ("kE * 2", 10),
        ("kLoop", None),
        ("f(3)", None),
        ("__import__('os')", None),
        ("1/0", 0),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_constants(expression: str, value: int | None, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "constexpr int kA = 3 * 32;\n#define kLoop kLoop\nstatic uint8_t buffer[kA];\nenum { kE = 5, kF };\n"
    )
    tree = read_tree(tmp_path)
    constants = Constants(Program(tree, list(tree.texts)))
    assert constants.value(expression) == value
