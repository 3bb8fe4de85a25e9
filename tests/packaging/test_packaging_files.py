"""The package files that convert writes: each is built, or checked against what its build system will do with it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tests.modelgen import samples
from tflm_compat import convert as convert_for_tflm
from tflm_compat import parse_symbols
from tinyengine_tf import api

MAIN_C = """\
#include "tiny.h"
int main(void) { return tiny_init(0, 0) == TE_OK && tiny_invoke() == TE_OK ? 0 : 1; }
"""
MAIN_CC = """\
#include <TensorFlowLite.h>
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
extern const unsigned char g_tiny[];
static uint8_t arena[20000];
int main() {
  tflite::AllOpsResolver resolver;
  tflite::MicroInterpreter interpreter(tflite::GetModel(g_tiny), resolver, arena, sizeof(arena));
  return interpreter.Invoke();
}
"""


def run(command: list[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def need(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


@pytest.fixture(scope="module")
def model() -> bytes:
    return samples.convolution()


@pytest.fixture(scope="module")
def plain(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "tiny"
    api.convert(model, folder, target="host", name="tiny")
    return folder


@pytest.fixture(scope="module")
def compat(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compat") / "tiny"
    convert_for_tflm(model, folder, target="host", name="tiny", symbols=parse_symbols("g_tiny"))
    return folder


@pytest.mark.parametrize("kind, source", [("plain", "main.c"), ("compat", "main.cc")])
def test_cmake_builds_it_within_a_project(
    kind: str, source: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    cmake, library = need("cmake"), request.getfixturevalue(kind)
    (tmp_path / source).write_text(MAIN_C if source == "main.c" else MAIN_CC)
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.13)\nproject(app C CXX)\nadd_subdirectory({library} tiny)\n"
        f"add_executable(app {source})\ntarget_link_libraries(app PRIVATE tiny)\n"
    )
    output = run([cmake, "-S", str(tmp_path), "-B", str(tmp_path / "build"), "-Werror=dev"])
    assert "Warning" not in output
    run([cmake, "--build", str(tmp_path / "build")])
    run([str(tmp_path / "build/app")])


def test_cmake_builds_it_alone(plain: Path, tmp_path: Path) -> None:
    run([need("cmake"), "-S", str(plain), "-B", str(tmp_path)])
    run(["cmake", "--build", str(tmp_path)])
    assert (tmp_path / "libtiny.a").is_file()


def test_esp_idf_registers_it_as_a_component(compat: Path, tmp_path: Path) -> None:
    """With ESP-IDF's function replaced by one that prints: the real one reads the same arguments."""
    script = tmp_path / "run.cmake"
    script.write_text(
        'set(ESP_PLATFORM 1)\nfunction(idf_component_register)\n  message("${ARGN}")\nendfunction()\n'
        f"include({compat / 'CMakeLists.txt'})\n"
    )
    output = run([need("cmake"), "-P", str(script)]).strip()
    match = re.fullmatch(r"SRCS;(.*);INCLUDE_DIRS;include", output)
    assert match is not None, output
    assert all((compat / source).is_file() for source in match[1].split(";"))
    assert 'version: "' in (compat / "idf_component.yml").read_text()


def test_zephyr_adds_existing_sources(compat: Path, tmp_path: Path) -> None:
    module = (compat / "zephyr/module.yml").read_text()
    assert (compat / re.findall(r"kconfig: (\S+)", module)[0]).is_file()
    assert (compat / re.findall(r"cmake: (\S+)", module)[0] / "CMakeLists.txt").is_file()
    option = re.findall(r"^config (\w+)$", (compat / "zephyr/Kconfig").read_text(), re.MULTILINE)[0]
    script = tmp_path / "run.cmake"
    functions = "".join(
        f'function({name})\n  message("{name};${{ARGN}}")\nendfunction()\n'
        for name in ("zephyr_library_named", "zephyr_library_sources", "zephyr_include_directories")
    )
    script.write_text(f"set(CONFIG_{option} y)\n{functions}include({compat / 'zephyr/CMakeLists.txt'})\n")
    named, sources, includes = (
        line.split(";") for line in run([need("cmake"), "-P", str(script)]).strip().splitlines()
    )
    assert named == ["zephyr_library_named", "tiny"]
    assert len(sources) > 2 and all(Path(source).is_file() for source in sources[1:])
    assert (Path(includes[1]) / "tiny.h").is_file()


TWO_MODELS_CC = """\
#include <TensorFlowLite.h>
#include "two.h"
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "arrays.h"
static uint8_t arena[20000];
int main() {
  tflite::AllOpsResolver resolver;
  tflite::MicroInterpreter one(tflite::GetModel(g_one), resolver, arena, sizeof(arena));
  tflite::MicroInterpreter two(tflite::GetModel(g_two), resolver, arena, sizeof(arena));
  return one.Invoke() + two.Invoke();
}
"""


@pytest.mark.parametrize("kept", [False, True], ids=["replaced", "kept"])
def test_two_arduino_libraries_of_which_one_brings_tflms_headers(kept: bool, model: bytes, tmp_path: Path) -> None:
    libraries = {"one": model, "two": small_cnn()}
    for name, data in libraries.items():
        symbols = parse_symbols(None, keep_flatbuffer=True) if kept else parse_symbols(f"g_{name}")
        convert_for_tflm(data, tmp_path / name, target="host", name=name, symbols=symbols, headers=name == "one")
    assert not (tmp_path / "two/src/TensorFlowLite.h").exists()
    assert sum(path.is_file() for path in (tmp_path / "two").rglob("*")) < 25
    arrays = [
        f"static const unsigned char g_{name}[] = {{{','.join(map(str, data))}}};"
        if kept
        else f"extern const unsigned char g_{name}[];"
        for name, data in libraries.items()
    ]
    (tmp_path / "arrays.h").write_text("\n".join(arrays))
    (tmp_path / "sketch.cc").write_text(TWO_MODELS_CC)
    paths = [f"-I{tmp_path / name / 'src'}" for name in libraries]
    sources = [str(path) for name in libraries for path in (tmp_path / name / "src").glob("*.c")]
    objects = []
    for source in sources:
        objects.append(f"{source}.o")
        run(["gcc", *paths, "-c", source, "-o", objects[-1]])
    run(["g++", *paths, f"-I{tmp_path}", str(tmp_path / "sketch.cc"), *objects, "-o", str(tmp_path / "sketch")])
    run([str(tmp_path / "sketch")])


@pytest.mark.parametrize("kind", ["plain", "compat"])
def test_arduino_finds_headers_in_src(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """As Arduino does it: every file below src/ is compiled, and src/ is the only include path."""
    library = request.getfixturevalue(kind)
    properties = dict(line.split("=", 1) for line in (library / "library.properties").read_text().splitlines())
    assert {
        "name",
        "version",
        "author",
        "maintainer",
        "sentence",
        "paragraph",
        "category",
        "url",
        "architectures",
    } <= properties.keys()
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert (library / "src" / properties["includes"]).is_file()
    sketch = tmp_path / ("main.c" if kind == "plain" else "main.cc")
    assert properties["url"].startswith("https://")
    sketch.write_text(MAIN_C if kind == "plain" else MAIN_CC)
    objects = []
    for number, source in enumerate([*sorted((library / "src").rglob("*.c")), sketch]):
        objects.append(str(tmp_path / f"{number}.o"))
        run(["g++" if source.suffix == ".cc" else "gcc", f"-I{library / 'src'}", "-c", str(source), "-o", objects[-1]])
    run(["g++", *objects, "-o", str(tmp_path / "sketch")])
    run([str(tmp_path / "sketch")])


def test_platformio_manifest(plain: Path) -> None:
    manifest = json.loads((plain / "library.json").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert (plain / manifest["build"]["includeDir"] / "tiny.h").is_file()
    assert list((plain / manifest["build"]["srcDir"]).glob("*.c"))


def test_cmsis_pack_lists_all_sources(compat: Path) -> None:
    pdsc = compat / "tinyengine_tf.tiny.pdsc"  # Vendor.Name.pdsc
    root = ET.parse(pdsc).getroot()
    order = [child.tag for child in root]
    assert order == [
        "vendor",
        "name",
        "description",
        "url",
        "license",
        "releases",
        "taxonomy",
        "components",
    ]  # as PACK.xsd 1.7 wants it
    assert f"{root.findtext('vendor')}.{root.findtext('name')}.pdsc" == pdsc.name
    files = {(f.get("category"), f.get("name")) for f in root.iter("file")}
    assert all((compat / str(name)).exists() for _, name in files)
    assert {name for category, name in files if category == "sourceC"} == {
        f"src/{p.name}" for p in (compat / "src").glob("*.c")
    }


def test_package_files_are_listed_and_replaced(model: bytes, tmp_path: Path) -> None:
    converted = api.convert(model, tmp_path / "out", target="host", name="tiny")
    assert {"CMakeLists.txt", "library.json", "library.properties", "BUILD.bazel", "zephyr/module.yml"} <= set(
        converted.report["files"]
    )
    api.convert(model, tmp_path / "out", target="host", name="other")
    assert not list((tmp_path / "out").rglob("tiny.*"))
