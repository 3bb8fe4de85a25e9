"""setup.cfg, the pinned requirements and the files in the packages agree."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.codegen.models import small_cnn
from tinyengine_tf import __version__, convert
from tinyengine_tf.version import VERSION

REPO = Path(__file__).resolve().parent.parent
PINS = REPO / "third_party"
# Each file of pins, and what of setup.cfg it installs.
COVERS = {
    "light": (),
    "test": ("compare", "dev"),
    "nas": ("compare", "dev", "nas"),
}


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.optionxform = str  # type: ignore[assignment, method-assign]
    config.read(REPO / "setup.cfg", encoding="utf-8")
    return config


def requirements(extra: str | None) -> list[Requirement]:
    config = setup_cfg()
    lines = config["options"]["install_requires"] if extra is None else config["options.extras_require"][extra]
    return [Requirement(line) for line in lines.splitlines() if line.strip()]


def pins(name: str) -> dict[str, str]:
    """Package -> exact version."""
    text = (PINS / f"requirements-{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", COVERS)
def test_pins_satisfy_setup_cfg(name: str) -> None:
    pinned = pins(name)
    for extra in (None, *COVERS[name]):
        for requirement in requirements(extra):
            package = canonicalize_name(requirement.name)
            assert package in pinned, f"{package} is not pinned: run third_party/pin.sh"
            version = pinned[package]
            assert requirement.specifier.contains(version, prereleases=True), f"{requirement}, but {version} is pinned"


def test_pins_agree_with_each_other() -> None:
    everything = pins("nas")
    for name in COVERS:
        assert pins(name).items() <= everything.items()


def test_light_pins_are_light() -> None:
    assert set(pins("light")) == {"absl-py", "flatbuffers", "jinja2", "markupsafe", "numpy", "tflite"}


@pytest.mark.parametrize("name", COVERS)
def test_every_pin_has_a_hash_and_no_address(name: str) -> None:
    text = (PINS / f"requirements-{name}.txt").read_text(encoding="utf-8")
    entries = text.replace("\\\n", " ").splitlines()
    assert entries and all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text and "index" not in text


def test_every_data_file_is_packaged() -> None:
    """A template or header that package_data forgets is missing only after `pip install`, where no other test looks."""
    patterns = re.split(r"[,\s]+", setup_cfg()["options.package_data"]["*"])
    for package in ("tinyengine_tf", "nas_keras", "tflm_compat"):
        for path in (REPO / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py":
                assert any(fnmatch(path.name, pattern) for pattern in patterns), f"{path} matches none of {patterns}"


def test_every_command_line_is_installed() -> None:
    """tinyengine_tf/cli.py is the command tinyengine_tf, and so on."""
    scripts = setup_cfg()["options.entry_points"]["console_scripts"].split("\n")
    modules = [p for p in REPO.glob("*/cli.py") if "\ndef main(" in p.read_text(encoding="utf-8")]
    expected = {f"{path.parent.name} = {path.parent.name}.cli:main" for path in modules}
    assert {line for line in scripts if line} == expected


def test_one_version() -> None:
    assert setup_cfg()["metadata"]["version"] == "attr: tinyengine_tf.version.VERSION"
    assert f'version = "{VERSION}"' in (REPO / "MODULE.bazel").read_text(encoding="utf-8")
    (newest, *_) = re.findall(r"^## (\S+)", (REPO / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert __version__ == newest == VERSION
    converted = convert(small_cnn())
    assert converted.report["version"] == VERSION
    assert f'#define NET_COMPILER "tinyengine_tf {VERSION}"' in converted.bundle["include/net.h"]


@pytest.mark.parametrize("command", ["tinyengine_tf", "nas_keras", "tflm_compat"])
def test_commands_tell_the_version(command: str) -> None:
    line = [sys.executable, "-m", command if command != "nas_keras" else "nas_keras.cli", "--version"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=REPO)
    assert (done.returncode, done.stdout) == (0, f"{command} {VERSION}\n"), done.stderr
