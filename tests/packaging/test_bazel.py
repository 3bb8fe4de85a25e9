"""The Bazel macro and the generated BUILD.bazel, built offline by Debian's bazel-bootstrap.

Bazel wants to download its rule sets; stubs that hand on the built-in rules take their place.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.modelgen import samples
from tests.packaging.test_packaging_files import MAIN_C, MAIN_CC
from tinyengine_tf import api

REPO = Path(__file__).resolve().parents[2]
STUBS = {
    "rules_cc/cc": ("cc_library", "cc_binary", "cc_toolchain", "cc_toolchain_suite"),
    "rules_java/java": ("java_binary", "java_import", "java_library", "java_plugin", "java_toolchain", "java_runtime"),
    "rules_python/python": ("py_binary", "py_library", "py_runtime"),
    "rules_proto/proto": ("proto_library", "proto_lang_toolchain"),
}
BUILD = """\
load("@tinyengine_tf//tinyengine_tf:defs.bzl", "tinyengine_tf_library")
tinyengine_tf_library(name = "tiny", model = "model.tflite", target = "host")
tinyengine_tf_library(
    name = "tiny_tflm", model = "model.tflite", target = "host", model_symbol = "g_tiny", length_symbol = "g_len:int",
)
cc_binary(name = "plain", srcs = ["plain.c"], deps = [":tiny"])
cc_binary(name = "firmware", srcs = ["firmware.cc"], deps = [":tiny_tflm"])
cc_binary(name = "folder", srcs = ["plain.c"], deps = ["//converted:tiny"])
"""


def write_stubs(folder: Path) -> list[str]:
    """The rule sets that Bazel would download; returns the options that put them in place."""
    options = []
    for path, rules in STUBS.items():
        repository = path.split("/")[0]
        (folder / path).mkdir(parents=True)
        (folder / repository / "WORKSPACE").write_text(f'workspace(name = "{repository}")\n')
        (folder / path / "BUILD").write_text("")
        (folder / path / "defs.bzl").write_text("".join(f"{rule} = native.{rule}\n" for rule in rules))
        options.append(f"--override_repository={repository}={folder / repository}")
    return options


@pytest.mark.skipif(shutil.which("bazel") is None, reason="bazel is not installed")
def test_macro_and_generated_package(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "WORKSPACE").write_text(
        f'workspace(name = "app")\nlocal_repository(name = "tinyengine_tf", path = "{REPO}")\n'
    )
    (app / "BUILD").write_text(BUILD)
    (app / "model.tflite").write_bytes(samples.convolution())
    (app / "plain.c").write_text(MAIN_C)
    (app / "firmware.cc").write_text(MAIN_CC)
    api.convert(samples.convolution(), app / "converted", target="host", name="tiny")
    startup = ["bazel", f"--output_user_root={tmp_path / 'root'}", "--batch"]
    options = [
        *write_stubs(tmp_path / "stubs"),
        f"--action_env=TINYENGINE_TF_PYTHON={sys.executable}",
        "--jobs=2",
        "--spawn_strategy=local",
    ]
    try:
        done = subprocess.run(
            [*startup, "build", *options, "//:all"], cwd=app, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr[-3000:]
        for program in ("plain", "firmware", "folder"):
            assert subprocess.run([str(app / "bazel-bin" / program)], timeout=60).returncode == 0
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(tmp_path)], check=False)
