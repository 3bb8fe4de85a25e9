"""convert --compat tflm: firmware written for TFLM links against the library and computes what TFLM computes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import tflite

from tests.compat.toolchain import FIRMWARE, MCU, STRICT, run
from tests.ops.remembering import MODELS as MODELS_THAT_REMEMBER
from tflm_compat import convert, parse_symbols
from tflm_compat.library import model_hash, shim_headers
from tinyengine_tf import api, cli
from tinyengine_tf.errors import UsageError
from tinyengine_tf.lab import reference
from tinyengine_tf.lab.verify import random_samples

C_FLAGS = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wcast-align", "-Wmissing-declarations", "-Werror")
SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
MODELS = (
    "hello_world_int8",
    "mlperf_ad",
    "mlperf_kws",
    "mlperf_ic",
    "mlperf_vww",
    "person_detect",
    "mcunet_vww",
    "mnist_lstm_int8",
)


def link(folder: Path, libraries: list[Path], firmware: Path, *defines: str, sanitize: bool = True) -> Path:
    """Compile libraries as C99 and `firmware` as C++11 against their include folders alone; returns the program."""
    flags = SANITIZE if sanitize else ()
    includes = [f"-I{library / 'include'}" for library in libraries]
    objects = []
    for number, library in enumerate(libraries):
        for source in sorted((library / "src").glob("*.c")):
            objects.append(folder / f"{number}_{source.stem}.o")
            run(["gcc", *C_FLAGS, *flags, f"-I{library / 'include'}", "-c", str(source), "-o", str(objects[-1])])
    program = folder / "program"
    run(
        [
            "g++",
            "-std=c++11",
            *STRICT,
            *MCU,
            *flags,
            *includes,
            f"-I{folder}",
            *defines,
            str(firmware),
            *map(str, objects),
            "-o",
            str(program),
        ]
    )
    return program


def link_runner(folder: Path, model: str, header: str, arena_bytes: int, *defines: str) -> Path:
    """The firmware that runs one model: reads inputs, prints outputs."""
    model_defines = (f"-DMODEL={model}", f"-DMODEL_HEADER={quoted(header)}", f"-DARENA_BYTES={arena_bytes}")
    return link(folder, [folder / "lib"], FIRMWARE / "run_model.cc", *model_defines, *defines)


def run_on(program: Path, sample: list[np.ndarray]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(program)], input=b"".join(x.tobytes() for x in sample), capture_output=True, timeout=120)


def quoted(name: str) -> str:
    return f'"{name}"'


@pytest.mark.parametrize("model", MODELS)
def test_real_model_equals_tflm_in_tflms_smallest_arena(model: str, shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "models" / f"{model}.tflite"
    symbols = parse_symbols("g_the_model", "g_the_model_len:int", "models/the_model.h")
    converted = convert(path, tmp_path / "lib", symbols=symbols, target="host")
    data = path.read_bytes()
    sample = random_samples(api.load_graph(path), 1, seed=3)[0]
    expected = b"".join(x.tobytes() for x in reference.run(data, [sample], isolated=True)[0])
    arena_bytes = reference.smallest_arena_bytes(data, isolated=True)
    program = link_runner(tmp_path, "g_the_model", "models/the_model.h", arena_bytes, "-DSHIFT=5")
    result = run_on(program, sample)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout == expected
    assert converted.arena_bytes < arena_bytes


@pytest.fixture(scope="session")
def hello(shared_dir: Path) -> Path:
    return shared_dir / "models" / "hello_world_int8.tflite"


def graph_as_tflite_reads_it(data: bytes) -> str:
    """What firmware/model_graph.cc prints, by the tflite package."""
    model = tflite.Model.GetRootAsModel(data, 0)
    text = model.Description().decode()
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    lines = [f"{text}|{len(text)}|{text}|{text[0]}|{len(text)}", f"version 3, {len(codes)} codes"]
    lines += [f" {c.BuiltinCode()} {c.DeprecatedBuiltinCode()} {c.Version()}" for c in codes]
    names = {value: key for key, value in vars(tflite.BuiltinOperator).items() if key.isupper()}
    for graph in (model.Subgraphs(i) for i in range(model.SubgraphsLength())):
        ports = [f" in {i}" for i in graph.InputsAsNumpy()] + [f" out {i}" for i in graph.OutputsAsNumpy()]
        lines.append(f"graph {graph.Name().decode() if graph.Name() else '-'}{''.join(ports)}")
        for i in range(graph.OperatorsLength()):
            code = codes[graph.Operators(i).OpcodeIndex()]
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            lines.append(f" 0 {names[number]} {code.CustomCode().decode() if code.CustomCode() else 'built in'}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("model", ["hello_world_int8", "mlperf_ic", "more/okay_nabu", "more/ssd_slim"])
def test_model_tells_its_graph(model: str, shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "models" / f"{model}.tflite"
    convert(path, tmp_path / "lib", symbols=parse_symbols("g_model"), target="host")
    program = link(tmp_path, [tmp_path / "lib"], FIRMWARE / "model_graph.cc")
    assert run([str(program)]).stdout == graph_as_tflite_reads_it(path.read_bytes())


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_library_is_clean_c99(compiler: str, hello: Path, tmp_path: Path) -> None:
    convert(
        hello,
        tmp_path,
        symbols=parse_symbols("a::model", "a::model_len:unsigned long"),
        target="host",
        builtin_arena=True,
        profile_layers=True,
    )
    for source in (tmp_path / "src").glob("*.c"):
        run([compiler, *C_FLAGS, "-pedantic", "-c", str(source), "-o", str(tmp_path / "x.o")])


def test_symbols_in_a_namespace(hello: Path, tmp_path: Path) -> None:
    symbols = parse_symbols("app::models::data", "app::models::data_len:int", "model.h")
    convert(hello, tmp_path / "lib", symbols=symbols, target="host")
    program = link_runner(tmp_path, "app::models::data", "model.h", 1000)
    assert run_on(program, [np.zeros(1, np.int8)]).returncode == 0


def test_builtin_arena_serves_when_firmwares_is_too_small(hello: Path, tmp_path: Path) -> None:
    convert(
        hello, tmp_path / "lib", symbols=parse_symbols("g_model", None, "model.h"), target="host", builtin_arena=True
    )
    program = link_runner(tmp_path, "g_model", "model.h", 8)
    assert run_on(program, [np.zeros(1, np.int8)]).returncode == 0


def test_too_small_arena_says_what_is_needed(hello: Path, tmp_path: Path) -> None:
    convert(hello, tmp_path / "lib", symbols=parse_symbols("g_model", None, "model.h"), target="host")
    program = link_runner(tmp_path, "g_model", "model.h", 40)
    result = run_on(program, [np.zeros(1, np.int8)])
    assert result.returncode == 2
    assert b"it has 40 bytes, needed are " in result.stderr


def test_profiler_sees_every_layer(hello: Path, tmp_path: Path) -> None:
    converted = convert(
        hello, tmp_path / "lib", symbols=parse_symbols("g_model", None, "model.h"), target="host", profile_layers=True
    )
    program = link_runner(tmp_path, "g_model", "model.h", 1000, "-DPROFILE")
    lines = run_on(program, [np.zeros(1, np.int8)]).stderr.decode().splitlines()
    assert len(lines) == 1 + len(converted.arena.schedule.steps)
    assert lines[1].startswith("0,FullyConnected,")


def write_array(path: Path, name: str, data: bytes) -> None:
    """A model array as `xxd -i` and its imitators write it."""
    path.write_text(f"alignas(16) const unsigned char {name}[] = {{{', '.join(map(str, data))}}};\n")


@pytest.mark.parametrize("flip", [None, 10, 60, 1500, -1])
def test_kept_flatbuffer(flip: int | None, hello: Path, tmp_path: Path) -> None:
    data = bytearray(hello.read_bytes())
    if flip is not None:
        data[flip] ^= 4
    write_array(tmp_path / "array.h", "kept_model", bytes(data))
    convert(hello, tmp_path / "lib", symbols=parse_symbols(None, keep_flatbuffer=True), target="host")
    program = link_runner(tmp_path, "kept_model", "array.h", 1000)
    result = run_on(program, [np.zeros(1, np.int8)])
    assert result.returncode == (0 if flip is None else 2)
    assert (b"convert the current .tflite file again" in result.stderr) == (flip is not None)


def test_two_models_by_symbol(hello: Path, shared_dir: Path, tmp_path: Path) -> None:
    convert(hello, tmp_path / "one", symbols=parse_symbols("g_one", None, "one.h"), target="host")
    convert(
        shared_dir / "models/mlperf_ad.tflite",
        tmp_path / "two",
        symbols=parse_symbols("g_two", None, "two.h"),
        target="host",
    )
    program = link(
        tmp_path,
        [tmp_path / "one", tmp_path / "two"],
        FIRMWARE / "two_models.cc",
        "-DFIRST=g_one",
        "-DSECOND=g_two",
        f"-DFIRST_HEADER={quoted('one.h')}",
        f"-DSECOND_HEADER={quoted('two.h')}",
    )
    assert run([str(program)]).stdout == "1 640\n"


def test_two_models_by_content(hello: Path, shared_dir: Path, tmp_path: Path) -> None:
    kept = parse_symbols(None, keep_flatbuffer=True)
    autoencoder = shared_dir / "models/mlperf_ad.tflite"
    convert(hello, tmp_path / "one", symbols=kept, name="hello", target="host")
    convert(autoencoder, tmp_path / "two", symbols=kept, name="autoencoder", target="host")
    write_array(tmp_path / "one.h", "one", hello.read_bytes())
    write_array(tmp_path / "two.h", "two", autoencoder.read_bytes())
    program = link(
        tmp_path,
        [tmp_path / "one", tmp_path / "two"],
        FIRMWARE / "two_models.cc",
        "-DFIRST=one",
        "-DSECOND=two",
        f"-DFIRST_HEADER={quoted('one.h')}",
        f"-DSECOND_HEADER={quoted('two.h')}",
    )
    assert run([str(program)]).stdout == "1 640\n"


@pytest.mark.parametrize("profile_layers", [False, True])
def test_model_that_remembers(profile_layers: bool, tmp_path: Path) -> None:
    data = MODELS_THAT_REMEMBER["streaming"]
    symbols = parse_symbols("g_streaming", None, "model.h")
    convert(data, tmp_path / "lib", symbols=symbols, target="host", profile_layers=profile_layers)
    samples = random_samples(api.load_graph(data), 5, seed=1)
    program = link(tmp_path, [tmp_path / "lib"], FIRMWARE / "remembering.cc")
    result = run_on(program, [x for sample in samples for x in sample])
    assert result.returncode == 0, result.stderr.decode()
    expected = [np.asarray(out[0]).tobytes() for out in reference.run(data, samples, isolated=True)]
    assert result.stdout == b"".join([*expected, expected[0], expected[0]])


def test_head_of_real_models_differs(shared_dir: Path) -> None:
    heads = {model_hash(path.read_bytes()[:64]) for path in (shared_dir / "models").glob("*.tflite")}
    assert len(heads) == len(list((shared_dir / "models").glob("*.tflite")))


def test_headers_travel_with_the_library(hello: Path, tmp_path: Path) -> None:
    converted = convert(hello, tmp_path, symbols=parse_symbols("g_model"), target="host")
    assert {f"include/{path}" for path in shim_headers()} <= set(converted.report["files"])
    assert (tmp_path / "include/tensorflow/lite/micro/micro_interpreter.h").is_file()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("g model",), "not the name of a variable"),
        (("9model",), "not the name"),
        ((None,), "name of firmware's model array"),
        (("g_model", "len:float"), "not a type for a length"),
        (("g_model", "a b"), "is no length symbol"),
        (("g_model", None, "../x.h"), "leaves the include folder"),
        (("g_model", None, "x.txt"), "not the path of a header"),
    ],
)
def test_wrong_symbols_are_refused(arguments: tuple[str | None, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_symbols(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "symbol, name",
    [
        ("g_person_detect_model_data", "person_detect_model_data_net"),
        ("model", "model_net"),
        ("app::Net", "app_net_net"),
        ("g_2fast", "net_2fast"),
        ("g_te_x", "net_te_x"),
    ],
)
def test_prefix_made_from_the_symbol(symbol: str, name: str) -> None:
    assert parse_symbols(symbol).library_name == name


def test_header_that_the_library_has_already_is_refused(hello: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another header"):
        convert(hello, tmp_path / "lib", symbols=parse_symbols("g_my", None, "my.h"), name="my", target="host")
    assert not (tmp_path / "lib").exists()


def run_cli(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["tinyengine_tf", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return stop.value.code if isinstance(stop.value.code, int) else 0


@pytest.mark.parametrize(
    "options, code",
    [
        (["--compat", "tflm", "--model-symbol", "g_m", "--length-symbol", "g_m_len:int", "--model-header", "m.h"], 0),
        (["--compat", "tflm", "--keep-flatbuffer", "--builtin-arena", "--profile-layers"], 0),
        (["--compat", "tflm"], 2),
        (["--model-symbol", "g_m"], 2),
        (["--compat", "tflm", "--keep-flatbuffer", "--model-header", "m.h"], 2),
        (["--compat", "tflm", "--model-symbol", "g_m", "--io", "int8"], 2),
        (["--compat", "tflm", "--model-symbol", "g_m", "--feed", "rows"], 2),
        (["--compat", "tflm", "--model-symbol", "g_m", "--feed", "image"], 2),
    ],
)
def test_command_line(
    options: list[str], code: int, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run_cli(["convert", str(hello), "--target", "host", "--out", str(out), *options], monkeypatch) == code
    assert out.exists() == (code == 0)
