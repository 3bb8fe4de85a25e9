"""Build files and folders -> what brings TFLM into the build, and so what has to be taken out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tflm_compat.migrate.builds import is_example
from tflm_compat.migrate.tree import Tree

_TFLM = (
    r"[\w/.@:-]*(?:tflite-micro|tflite_micro|tflm\w*|tfmicro|pico-tflmicro|TensorFlowLite\w*|TensorFLowLite\w*|"
    r"tensorflow[-_]lite[-_]micro|[Tt]ensor[Ff]low-microlite)[\w/.@:#^~=-]*"
)
_LIBRARIES = re.compile(
    r"TensorFlowLite\.h|TensorFlowLite_ESP32\.h|Chirale_TensorFLowLite\.h|Chirale_TensorFlowLite\.h|tflm_\w+\.h|Arduino_TensorFlowLite\.h"
)


@dataclass(frozen=True)
class Origin:
    """`step` is what to do, a clause; `build` the build system it is written for, empty for a copy in the tree."""

    build: str
    step: str


def origins_of_tflm(tree: Tree) -> Iterator[Origin]:
    for path, text in tree.builds.items():
        name = path.rsplit("/", 1)[-1]
        if is_example(path):
            continue
        plain = re.sub(r"(?m)^\s*[#;].*$", "", text)
        if name == "platformio.ini":
            for block in re.findall(r"(?m)^\s*lib_deps\s*=((?:.*\n?)(?:[ \t]+.*\n?)*)", plain):
                for entry in block.replace(",", "\n").split("\n"):
                    if re.fullmatch(_TFLM, entry.strip()) or re.search(_TFLM, entry):
                        yield Origin("platformio", f"remove {entry.strip()} from lib_deps in {path}")
        elif name == "idf_component.yml":
            for entry in re.findall(rf"(?m)^\s*({_TFLM})\s*:", plain):
                yield Origin("esp-idf", f"remove {entry} from {path}")
        elif name == "CMakeLists.txt":
            for entry in dict.fromkeys(re.findall(rf"(?:REQUIRES|PRIV_REQUIRES)[^)]*?\b({_TFLM})", plain)):
                yield Origin("esp-idf", f"replace {entry} by the library in REQUIRES of {path}")
            for entry in dict.fromkeys(re.findall(rf"target_link_libraries\s*\([^)]*?\b({_TFLM})", plain)):
                yield Origin("cmake", f"remove {entry} from target_link_libraries in {path}")
            for entry in dict.fromkeys(re.findall(rf"add_subdirectory\s*\([^)]*?({_TFLM})", plain)):
                yield Origin("cmake", f"remove add_subdirectory({entry}) from {path}")
        elif name == "west.yml":
            if re.search(r"tflite-micro", plain):
                yield Origin("zephyr", f"remove tflite-micro from {path}")
        elif name == "prj.conf":
            for entry in dict.fromkeys(re.findall(r"(?m)^(CONFIG_TENSORFLOW_LITE_MICRO\w*)=y", plain)):
                yield Origin("zephyr", f"set {entry}=n in {path}")
        elif name == ".gitmodules":
            for entry in re.findall(r"(?m)^\s*path\s*=\s*(\S*(?:tflite|tflm|tensorflow)\S*)", plain):
                yield Origin("", f"remove the submodule {entry}")
        elif name == "library.properties":
            for entry in re.findall(r"(?m)^depends\s*=\s*(.*)$", plain):
                if re.search(_TFLM, entry):
                    yield Origin("arduino", f"remove {entry.strip()} from depends in {path}")
        elif name.endswith(".slcp"):
            if re.search(r"tensorflow_lite_micro|sl_tflite", plain):
                yield Origin("", f"remove the component tensorflow_lite_micro in {path}")
        elif name.endswith(".lib") and re.search(_TFLM, plain):
            yield Origin("", f"remove {path}, which brings TFLM")
    copies = sorted(
        {copy for copy in tree.copies if re.search(r"(tensorflow|TensorFlowLite|managed_components/[^/]*)$", copy)}
    )
    for copy in copies[:4]:
        managed = copy.startswith("managed_components/") or "/managed_components/" in copy
        yield Origin(
            "esp-idf" if managed else "",
            f"{copy} is a copy of TFLM: take it out of the build and out of the include path",
        )
    libraries = {m[0] for text in tree.texts.values() if "include" in text for m in _LIBRARIES.finditer(text)}
    if libraries and not copies:
        yield Origin("arduino", f"remove the Arduino library that brings {min(libraries)}")
