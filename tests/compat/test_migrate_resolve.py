"""What expression reaches GetModel(): every way firmware hands over its model ends in an array's name, in "read at run
time" or in "not sure", never in a wrong name with exit code 0."""

# ruff: noqa: E501 (firmware in one line each)

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.compat.test_migrate import MODEL, array
from tests.compat.toolchain import run, toolchain
from tflm_compat.cli import main
from tflm_compat.migrate import migrate, scan
from tflm_compat.migrate.outcome import Found, ReadAtRunTime, Unsure
from tflm_compat.migrate.tokens import byte_values, tokenize
from tinyengine_tf.errors import UsageError

TFLM = '#include "tensorflow/lite/micro/micro_interpreter.h"\n#include "tensorflow/lite/schema/schema_generated.h"\n'
DECLARED = "extern const unsigned char g_x[];\n"


@pytest.fixture(autouse=True)
def no_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What TFLM itself needs is asked of its package in a process of its own, which takes seconds."""
    monkeypatch.setattr("tinyengine_tf.lab.reference.smallest_arena_bytes", lambda *_, **__: 1024)


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def run_migrate(source: Path, *options: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    with pytest.raises(SystemExit) as stop:
        main(["migrate", "--source", str(source), "--model", str(MODEL), "--target", "host", "--json", *options])
    text = capsys.readouterr().out
    return int(stop.value.code or 0), json.loads(text.rpartition("}")[0] + "}") if "{" in text else {}


NAMED = {
    "cast": DECLARED + "auto* m = tflite::GetModel((const void *)g_x);",
    "casts": DECLARED + "auto* m = tflite::GetModel(reinterpret_cast<const uint8_t*>((uintptr_t)&g_x[0]));",
    "const_cast": DECLARED + "auto* m = tflite::GetModel(const_cast<unsigned char*>(g_x));",
    "macro": DECLARED + "#define NET g_x\nauto* m = tflite::GetModel(NET);",
    "macro of macro": DECLARED + "#define A(x) ((const void*)(x))\n#define NET A(g_x)\nauto* m = tflite::GetModel(NET);",
    "call in a macro": DECLARED + "#define LOAD(p) tflite::GetModel(p)\nvoid f() { auto* m = LOAD(g_x); }",
    "pointer": DECLARED + "const uint8_t* const at = g_x;\nvoid f() { auto* m = tflite::GetModel(at); }",
    "local pointer": DECLARED + "void f() { const void* p = nullptr; p = g_x; auto* m = tflite::GetModel(p); }",
    "reference": DECLARED + "const unsigned char (&net)[] = g_x;\nauto* m = tflite::GetModel(net);",
    "returned": DECLARED + "const void* net() { return &g_x; }\nauto* m = tflite::GetModel(net());",
    "chain of functions": DECLARED + "static void b(const void* q) { tflite::GetModel(q); }\n"
    "static void a(int n, const uint8_t* p) { b(p); }\nvoid c() { a(3, g_x); }",
    "constructor": DECLARED + "class N { public:\n N(const uint8_t* d, int n = 0) : d_(d) {}\n"
    " void go() { m_ = tflite::GetModel(d_); }\n private: const uint8_t* d_; const tflite::Model* m_; };\nN net(g_x, 4);",
    "constructor elsewhere": DECLARED + "class N { public: explicit N(const void* d); const tflite::Model* m_; };\n"
    "N::N(const void* d) : m_(tflite::GetModel(d)) {}\nvoid f() { auto n = std::make_unique<N>(g_x); }",
    "base class": DECLARED + "struct B { B(const void* d) { tflite::GetModel(d); } };\n"
    "struct D : public B { D() : B(g_x) {} };",
    "member": DECLARED + "struct N { const void* data = g_x; void go() { tflite::GetModel(this->data); } };",
    "struct by position": DECLARED + "struct Net { int id; const unsigned char* data; int n; };\n"
    "static const Net net = {3, g_x, 4};\nvoid f() { tflite::GetModel(net.data); }",
    "struct by name": DECLARED + "typedef struct { const void* blob; } net_t;\nnet_t net = { .blob = g_x };\n"
    "void f(net_t* n) { tflite::GetModel(n->blob); }",
    "array of structs": DECLARED + "struct Net { const char* name; const unsigned char* data; };\n"
    'static Net nets[] = {{"a", g_x}};\nvoid f(int i) { tflite::GetModel(nets[i].data); }',
    "setter": DECLARED + "struct N { const void* p_; void set(const void* p) { p_ = p; } void go() { tflite::GetModel(p_); } };\n"
    "N n; void f() { n.set(g_x); }",
    "template": DECLARED + "template <int N> struct R { void begin(const uint8_t* d) { m = tflite::GetModel(d); } const tflite::Model* m; };\n"
    "R<4> r; void f() { Serial.begin(115200); r.begin(g_x); }",
    "lambda": DECLARED + "void f() { auto load = [&]() { return tflite::GetModel(g_x); }; }",
    "conditional null": DECLARED + "void f(bool on) { auto* m = tflite::GetModel(on ? g_x : nullptr); }",
    "GetRoot": DECLARED + "auto* m = flatbuffers::GetRoot<tflite::Model>(g_x);",
    "comment, string, splice": DECLARED + '// tflite::GetModel(g_no)\nconst char* s = "GetModel(g_no)"; /* GetModel(\ng_no) */\n'
    'const char* r = R"x(GetModel(g_no))x";\nauto* m = tflite::Get\\\nModel(g_x);',
    "#if 0": DECLARED + "#if 0\nauto* m = tflite::GetModel(g_no);\n#else\nauto* m = tflite::GetModel(g_x);\n#endif",
    "call in a macro's body": DECLARED + "void run(const void* p) { tflite::GetModel(p); }\n#define RUN(n, m) run(m)\n"
    "void f() { RUN(3, g_x); }",
    "switch and else": DECLARED + "const void* pick(int i) { switch (i) { case 0: return g_x; default: return g_x; } }\n"
    "const void* p; void f(int i) { if (i) p = pick(i); else p = g_x; tflite::GetModel(p); }",
    "branches of one function": DECLARED + "#ifdef A\nvoid f(int n) {\n#else\nvoid f() {\n#endif\n tflite::GetModel(g_x); }\nint after;",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED.keys())
def test_an_array_is_followed(text: str, tmp_path: Path) -> None:
    outcomes = scan(tree(tmp_path, {"a.cc": TFLM + text})).outcomes
    assert [o.symbol if isinstance(o, Found) else o for o in outcomes] == ["g_x"]


DEFINED = {
    "attributes": 'const unsigned char g_x[] __attribute__((section(".flash"), aligned(16))) = {BYTES};',
    "PROGMEM": "const uint8_t PROGMEM g_x[N] PROGMEM = {BYTES};",
    "macro before": "DATA_ALIGN_ATTRIBUTE(16) const uint8_t g_x[] = {BYTES};",
    "alignas after": "const alignas(8) unsigned char g_x[] = {BYTES};",
    "several lines with comments": "const unsigned char g_x[] = { // data\n /* one */ BYTES,\n};",
    "C string": 'const char g_x[] = "STRING";',
    "std attribute": "[[gnu::aligned(16)]] const unsigned char g_x[] = {BYTES};",
}


@pytest.mark.parametrize("text", DEFINED.values(), ids=DEFINED.keys())
def test_content_behind_decorations(text: str, tmp_path: Path) -> None:
    data = MODEL.read_bytes()
    text = text.replace("BYTES", ", ".join(map(hex, data))).replace("STRING", "".join(f"\\{b:03o}" for b in data))
    source = tree(tmp_path, {"a.cc": TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);", "x.c": text})
    (found,) = scan(source).models
    assert found.data is not None and found.data[: len(data)] == data and not any(found.data[len(data) :])
    assert found.private is None


RUN_TIME = {
    "function that reads": "unsigned char* read_file(const char*);\nstruct C { unsigned char* file; void Load() { file = read_file("
    '"/sd/m.tflite"); tflite::GetModel(file); } };',
    "malloc": "void f(FILE* h) { uint8_t* p = (uint8_t*)malloc(99); fread(p, 1, 99, h); tflite::GetModel(p); }",
    "buffer": "static uint8_t buffer[9000];\nvoid f(int h) { read(h, buffer, 9000); tflite::GetModel(buffer); }",
    "vector": "std::vector<uint8_t> model;\nvoid f() { LfsReadFile(\"/m\", &model); tflite::GetModel(model.data()); }",
    "unique_ptr": "std::unique_ptr<uint8_t[]> p;\nvoid f() { p = std::make_unique<uint8_t[]>(9); tflite::GetModel(p.get()); }",
    "flash mapping": "void f() { const void* at; esp_partition_mmap(part, 0, 4096, 0, &at, &h); tflite::GetModel(at); }",
    "address": "auto* m = tflite::GetModel(reinterpret_cast<const void*>(0x10100000));",
    "new": "void f() { char* p = new char[100]; file.read(p, 100); tflite::GetModel(p); }",
    "inside a region": "void f() { char* p = (char*)heap_caps_malloc(100, 0); tflite::GetModel(p + kOffset); }",
}  # fmt: skip


@pytest.mark.parametrize("text", RUN_TIME.values(), ids=RUN_TIME.keys())
def test_models_read_at_run_time(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tree(tmp_path, {"a.cc": TFLM + text})
    assert [type(o) for o in scan(source).outcomes] == [ReadAtRunTime]
    code, said = run_migrate(source, capsys=capsys)
    assert code == 1 and said["model_symbol"] is None and "--keep-flatbuffer" in str(said["problems"])
    code, said = run_migrate(source, "--keep-flatbuffer", capsys=capsys)
    assert code == 0 and said["keep_flatbuffer"] and not said["problems"]


def test_every_way_counts(tmp_path: Path) -> None:
    """A call through a pointer may hand over another model than the calls that are seen."""
    text = (
        DECLARED
        + "void run(const void* p) { tflite::GetModel(p); }\nvoid f() { run(g_x); std::thread t(run, g_other); }"
    )
    result = migrate(tree(tmp_path, {"a.cc": TFLM + text}), MODEL)
    assert any("run() is called through a pointer" in p for p in result.stays)


def test_two_models_read_at_run_time_need_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "void f() { tflite::GetModel(read_file(1)); }\nvoid g() { tflite::GetModel(fetch_model()); }"
    source = tree(tmp_path, {"a.cc": TFLM + text})
    code, said = run_migrate(source, "--keep-flatbuffer", capsys=capsys)
    assert code == 1 and "2 places load models" in str(said["problems"])
    other = tmp_path / "other.tflite"
    other.write_bytes(MODEL.read_bytes())
    code, said = run_migrate(
        source, "--keep-flatbuffer", "--model", str(other), "--out", str(tmp_path / "net"), capsys=capsys
    )
    assert code == 0 and {p.name for p in (tmp_path / "net").iterdir()} == {"motion_net", "other_net"}


def test_a_folder_whose_programs_have_no_build_file_of_their_own(tmp_path: Path) -> None:
    """Programs in folders beside one with a project of its own are not taken for the whole."""
    use = TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);"
    source = tree(
        tmp_path, {"kws/a.cc": use, "ic/CMakeLists.txt": "project(ic)\nadd_executable(ic a.cc)", "ic/a.cc": use}
    )
    with pytest.raises(UsageError, match=r"2 programs that use TFLM: \., ic"):
        migrate(source, MODEL)


def test_builds_of_libraries_in_the_folder_are_not_the_firmwares(tmp_path: Path) -> None:
    files = {
        "platformio.ini": "[env:a]\n",
        "src/a.cc": TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);",
        "lib/led/CMakeLists.txt": "idf_component_register(SRCS led.c)",
        "components/rgb/examples/rainbow/rainbow.ino": "void setup() {}",
        "components/tf/examples/hello/idf_component.yml": "dependencies:\n  espressif/esp-tflite-micro: 1\n",
    }
    found = scan(tree(tmp_path, files))
    assert [kind for kind, _ in found.builds] == ["platformio"] and not found.origins


UNSURE = {
    "another language": "const tflite::Model* f(const void* p) { return tflite::GetModel(p); }",
    "a library's function": "auto* m = tflite::GetModel(sdk_next());",
    "undeclared": "auto* m = tflite::GetModel(g_nowhere);",
    "pointer nobody sets": "extern const uint8_t* later;\nauto* m = tflite::GetModel(later);",
    "address of a function": "void run(const void* p) { tflite::GetModel(p); }\nvoid (*later)(const void*) = run;",
    "offset": DECLARED + "auto* m = tflite::GetModel(g_x + header_bytes);",
}


@pytest.mark.parametrize("text", UNSURE.values(), ids=UNSURE.keys())
def test_what_cannot_be_followed_is_said(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tree(tmp_path, {"a.cc": TFLM + text})
    assert [type(o) for o in scan(source).outcomes] == [Unsure]
    with pytest.raises(UsageError, match=r"(?s)which array is the model.*not sure: .*a.cc:"):
        migrate(source, MODEL)


def test_embedded_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tree(
        tmp_path / "fw",
        {
            "main/a.cc": TFLM
            + 'extern const uint8_t start[] asm("_binary_net_tflite_start");\nauto* m = tflite::GetModel(start);',
            "main/CMakeLists.txt": 'idf_component_register(SRCS "a.cc" EMBED_FILES "net.tflite")',
        },
    )
    (source / "main/net.tflite").write_bytes(MODEL.read_bytes())
    code, said = run_migrate(source, capsys=capsys)
    assert (code, said["model_symbol"]) == (0, "_binary_net_tflite_start")
    with pytest.raises(SystemExit):
        main(["migrate", "--source", str(source), "--model", str(MODEL)])
    assert "take net.tflite out of EMBED_FILES in main/CMakeLists.txt, line 1" in capsys.readouterr().out
    (source / "main/a.cc").write_text(
        (source / "main/a.cc").read_text() + 'extern const uint8_t e[] asm("_binary_net_tflite_end");'
    )
    code, said = run_migrate(source, capsys=capsys)
    assert (code, said["model_symbol"], said["keep_flatbuffer"]) == (0, None, True)  # its end is used: it stays


@pytest.mark.parametrize(
    "name, text, symbol",
    [
        ("x.S", '.section .rodata\n.global g_x\n.balign 16\ng_x:\n.incbin "net.tflite"\n', "g_x"),
        ("x.c", 'asm(".global g_x\\n" "g_x:\\n" ".incbin \\"net.tflite\\"\\n");', "g_x"),
    ],
)
def test_incbin(name: str, text: str, symbol: str, tmp_path: Path) -> None:
    source = tree(tmp_path, {"a.cc": TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);", name: text})
    (source / "net.tflite").write_bytes(MODEL.read_bytes())
    (found,) = scan(source).models
    assert found.symbol == symbol and found.data == MODEL.read_bytes()


def test_arrays_that_nobody_else_can_define_stay(tmp_path: Path) -> None:
    use = TFLM + "#include <array>\nauto* m = tflite::GetModel(X);"
    numbers = ", ".join(map(hex, MODEL.read_bytes()))
    for number, text in enumerate(
        (
            f"const unsigned char g_x[] = {{{numbers}}};\n"
            + use.replace("X", "g_x"),  # const in C++: private to the file
            f"static const std::array<uint8_t, 4> g_x = {{{numbers}}};\n" + use.replace("X", "g_x.data()"),
            f"void f() {{ static const uint8_t g_x[] = {{{numbers}}}; tflite::GetModel(g_x); }}",
            f"extern const unsigned char g_x[];\nconst unsigned char g_x[] = {{{numbers}}};\nint main() {{ tflite::GetModel(g_x); }}",
        )
    ):
        source = tree(tmp_path / str(number), {"a.cc": text})
        result = migrate(source, MODEL)
        assert result.symbols.array is None and not [p for p in result.problems if "use of TFLM" not in p], text[:80]


def test_a_second_model_is_never_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        TFLM
        + DECLARED
        + "extern const unsigned char g_second[];\nauto* a = tflite::GetModel(g_x);\nauto* b = tflite::GetModel(g_second);\n"
    )
    source = tree(tmp_path / "fw", {"a.cc": text})
    with pytest.raises(UsageError, match="g_x, g_second"):
        migrate(source, MODEL)
    code, said = run_migrate(source, "--model-symbol", "g_x", capsys=capsys)
    assert code == 1 and "g_second" in str(said["problems"])
    with pytest.raises(SystemExit) as stop:  # both given: both converted, into a folder each
        main(
            [
                "migrate",
                "--source",
                str(source),
                "--model",
                f"g_x={MODEL}",
                "--model",
                f"g_second={MODEL}",
                "--out",
                str(tmp_path / "net"),
            ]
        )
    assert stop.value.code == 0 and {p.name for p in (tmp_path / "net").iterdir()} == {"x_net", "second_net"}
    assert "TFLM's own library and include path are no longer needed" in capsys.readouterr().out
    tree(
        source, {"second.cc": "extern const unsigned char g_second[];\nconst unsigned char g_second[] = {1, 2, 3, 4};"}
    )
    code, said = run_migrate(source, "--model-symbol", "g_x", capsys=capsys)
    assert code == 1 and "g_second (a.cc:6) cannot be converted" in str(said["problems"])
    with pytest.raises(SystemExit):
        main(["migrate", "--source", str(source), "--model", str(MODEL), "--model-symbol", "g_x"])
    assert "TFLM cannot leave this firmware: g_second" in capsys.readouterr().out


def test_duplicates_the_one_that_is_built(tmp_path: Path) -> None:
    data = MODEL.read_bytes()
    both = {
        "main/a.cc": TFLM + '#include "model.h"\nauto* m = tflite::GetModel(g_x);',
        "main/model.h": DECLARED,
        "main/model.cc": array("g_x", data),
        "main/old_model.cc": array("g_x", data[:-8]),
    }
    source = tree(tmp_path / "plain", both)
    result = migrate(source, MODEL)
    assert result.symbols.array is not None and any("not sure which one the build uses" in p for p in result.problems)
    source = tree(tmp_path / "idf", {**both, "main/CMakeLists.txt": 'idf_component_register(SRCS "a.cc" "model.cc")'})
    result = migrate(source, MODEL)
    assert not result.problems and [d.place.path for a in result.findings.models for d in a.definitions] == [
        "main/model.cc"
    ]
    ini = "[env:a]\nboard = x\nbuild_src_filter = +<*> -<old_model.cc>\n"
    moved = {name.replace("main/", "src/"): text for name, text in both.items()}
    source = tree(tmp_path / "pio", {**moved, "platformio.ini": ini})
    assert not migrate(source, MODEL).problems


def test_branches_of_one_if_are_alternatives(tmp_path: Path) -> None:
    text = (
        TFLM
        + "extern const unsigned char g_big[], g_small[];\n#ifdef BIG\n#define NET g_big\n#else\n#define NET g_small\n#endif\nauto* m = tflite::GetModel(NET);\n"
    )
    source = tree(tmp_path, {"a.cc": text})
    with pytest.raises(UsageError, match="g_big, g_small"):
        migrate(source, MODEL)
    result = migrate(source, MODEL, symbol="g_small")
    assert not result.problems and any("another #if branch takes g_big" in w for w in result.warnings)


def test_programs_beside_each_other_are_asked_for(tmp_path: Path) -> None:
    sketch = TFLM + DECLARED + "void setup() { tflite::GetModel(g_x); }"
    source = tree(
        tmp_path, {"one/one.ino": sketch, "two/two.ino": sketch, "two/x.cpp": array("g_x", MODEL.read_bytes())}
    )
    with pytest.raises(UsageError, match="2 programs that use TFLM: one, two"):
        migrate(source, MODEL)
    assert not migrate(source / "two", MODEL).problems


def test_steps_say_where_tflm_comes_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_cc = {"src/main.cc": TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);"}

    def said(name: str, files: dict[str, str]) -> str:
        with pytest.raises(SystemExit):
            main(["migrate", "--source", str(tree(tmp_path / name, {**main_cc, **files})), "--model", str(MODEL)])
        return capsys.readouterr().out

    text = said(
        "deps", {"platformio.ini": "[env:a]\nlib_deps =\n  tanakamasayuki/TensorFlowLite_ESP32@^1.0.0\n  other/thing\n"}
    )
    assert "remove tanakamasayuki/TensorFlowLite_ESP32@^1.0.0 from lib_deps in platformio.ini" in text
    text = said(
        "copy",
        {
            "platformio.ini": "[env:a]\nlib_deps =\n  other/thing\n",
            "lib/tf/tensorflow/lite/micro/micro_interpreter.h": "",
        },
    )
    assert "lib_deps" not in text and "lib/tf/tensorflow is a copy of TFLM: take it out of the build" in text
    text = said("old", {"src/old.cc": '#include "tensorflow/lite/micro/never/was.h"\n'})
    assert "leave the sources as they are" not in text and "1 places" in text


def test_wrapper_libraries_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sketch = (
        '#include <MicroTFLite.h>\n#include "net.h"\nvoid setup() { Serial.begin(9600); ModelInit(g_x, arena, 2000); }'
    )
    source = tree(tmp_path, {"s.ino": sketch, "net.h": array("g_x", MODEL.read_bytes())})
    code, said = run_migrate(source, capsys=capsys)
    assert code == 1 and said["wrappers"] == ["MicroTFLite"] and said["array"] == "g_x" and said["keep_flatbuffer"]


def test_a_macro_of_the_build(tmp_path: Path) -> None:
    text = (
        TFLM
        + "extern const unsigned char g_small[], g_big[];\n#ifndef NET\n#define NET g_small\n#endif\nauto* m = tflite::GetModel(NET);"
    )
    source = tree(
        tmp_path,
        {"a.cc": text, "CMakeLists.txt": "add_executable(a a.cc)\ntarget_compile_definitions(a PRIVATE NET=g_big)"},
    )
    with pytest.raises(UsageError, match="g_big, g_small"):
        migrate(source, MODEL)


def test_an_anonymous_namespace_is_private(tmp_path: Path) -> None:
    numbers = ", ".join(map(hex, MODEL.read_bytes()))
    text = TFLM + f"namespace {{ alignas(8) unsigned char g_x[] = {{{numbers}}}; }}\nauto* m = tflite::GetModel(g_x);"
    assert migrate(tree(tmp_path, {"a.cc": text}), MODEL).symbols.array is None


def test_symbol_that_does_not_exist(tmp_path: Path) -> None:
    source = tree(tmp_path, {"a.cc": TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);"})
    with pytest.raises(UsageError, match="g_y is not an array that this firmware has"):
        migrate(source, MODEL, symbol="g_y")


def test_odd_trees(tmp_path: Path) -> None:
    source = tree(
        tmp_path / "fw", {"a.cc": TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);", "sub/b.h": "int b;\n"}
    )
    (source / "loop").symlink_to(source)
    (source / "sub/up").symlink_to("..")
    (source / "out").symlink_to("/usr/include")
    (source / "nowhere.h").symlink_to("missing.h")
    (source / "binary.c").write_bytes(bytes(range(256)) * 40)
    (source / "latin.c").write_bytes("// Gr\u00f6\u00dfe\nint n;\n".encode("latin-1"))
    (source / "utf16.h").write_bytes("int wide;\n".encode("utf-16"))
    (source / "unfinished.c").write_text('const char* s = "no end;\n/* no end')
    (source / "raw.c").write_text('R"(' * 1000)
    (source / "folder.c").mkdir()
    os.mkfifo(source / "pipe.c")
    found = scan(source)
    assert [m.symbol for m in found.models] == ["g_x"]
    assert {"binary.c", "out/ (a link out of the folder)"} <= set(found.unread)


@pytest.mark.parametrize("kind", ["one line", "comments", "brackets", "branches", "unclosed", "names"])
def test_time_is_linear(kind: str, tmp_path: Path) -> None:
    """A 300 kB array in a line in under a second; nothing that is eight times as long takes more than 20 times as long."""
    repeated = {
        "one line": ("const unsigned char image[] = {", "0x2a,", "};", 1),
        "comments": ("const unsigned char image[] = {", "17 /* x */, ", "};", 4),
        "brackets": ("int a = ", "(", "1;", 4),
        "branches": ("", "#if X\nint a {\n#else\nint a {\n#endif\n};\n", "", 40),
        "unclosed": ("", "const unsigned char image[] = { 1, 2, ", "", 20),
        "names": ("", "const unsigned char image[] = { x, y, z };\nvoid f() { g_x; image; }\n", "", 60),
    }
    before, middle, after, share = repeated[kind]
    use = TFLM + DECLARED + "auto* m = tflite::GetModel(g_x);\n"

    def seconds(numbers: int) -> float:
        text = before + middle * (numbers // share) + after
        source = tree(tmp_path / str(numbers), {"a.cc": use + text, "data.h": text})
        start = time.perf_counter()
        assert [m.symbol for m in scan(source).models] == ["g_x"]
        return time.perf_counter() - start

    short, long = seconds(7_500), seconds(60_000)
    assert long < 1.0 or kind != "one line"
    assert long < 20 * short + 0.5


def test_bytes_of_initializers() -> None:
    assert byte_values(tokenize("{0x1, 2, -1, 010, 'A'}")) == bytes((1, 2, 255, 8, 65))
    assert byte_values(tokenize(r'"\x01\002" "a\n"')) == b"\x01\x02a\n\x00"
    assert byte_values(tokenize("{1, SIZE}")) is None


def test_two_libraries_build_and_link_into_one_program(tmp_path: Path) -> None:
    """Both arrays are gone, TFLM's headers come with the first library alone, and each model answers under its name."""
    text = (
        TFLM
        + "extern const unsigned char g_x[], g_second[];\n"
        + "int main() { return tflite::GetModel(g_x)->version() == 3 && tflite::GetModel(g_second)->version() == 3 ? 0 : 1; }\n"
    )
    source = tree(tmp_path / "fw", {"a.cc": text})
    result = migrate(source, [("g_x", MODEL), ("g_second", MODEL)], target="host")
    result.write(tmp_path / "net")
    headers = sorted(p.parent.parent.name for p in (tmp_path / "net").glob("*/include/tensorflow"))
    assert headers == ["x_net"]
    sources = sorted((tmp_path / "net").glob("*/src/*.c"))
    program = toolchain("gcc").build(
        tmp_path, [source / "a.cc", *sources], *(f"-I{tmp_path}/net/{name}/include" for name in ("x_net", "second_net"))
    )
    run([str(program)])
