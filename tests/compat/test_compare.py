"""compare: TFLM and generated code side by side, in text, JSON and HTML."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tests.compat.toolchain import run, toolchain
from tflm_compat import convert, parse_symbols
from tflm_compat.compare import Comparison, TflmLibrary, as_dict, as_html, as_text, compare
from tflm_compat.compare.device import registrations
from tinyengine_tf.errors import MismatchError, UsageError
from tinyengine_tf.target import load_target

pytest.importorskip("tflite_micro")
REPO = Path(__file__).resolve().parents[2]
MODEL = (REPO / "examples/tflm_firmware/motion.tflite").read_bytes()


@pytest.fixture(scope="module")
def on_m4() -> Comparison:
    toolchain("arm")
    return compare(MODEL, samples=2)


def test_everything_is_compared(on_m4: Comparison) -> None:
    assert on_m4.exact and on_m4.difference is None
    assert any(layer.equal for layer in on_m4.layers) and not any(layer.equal is False for layer in on_m4.layers)
    assert on_m4.ours.instructions and on_m4.ours.flash_bytes and on_m4.ours.stack_bytes is not None
    assert on_m4.tflm.arena_bytes > on_m4.ours.arena_bytes
    assert sum(on_m4.tflm.arena_parts.values()) == on_m4.tflm.arena_bytes
    assert on_m4.tflm.instructions is None and not on_m4.measured_tflm
    assert on_m4.ours.host_ns and on_m4.tflm.host_ns


def test_text_and_json_hold_the_figures(on_m4: Comparison) -> None:
    text = as_text(on_m4)
    assert "Equal bit for bit" in text and f"{on_m4.ours.arena_bytes:,}" in text and "not measured" in text
    data = json.loads(json.dumps(as_dict(on_m4)))
    assert data["exact"] is True and data["ours"]["flash_bytes"] == on_m4.ours.flash_bytes
    assert len(data["layers"]) == len(on_m4.layers)


def test_page_is_well_formed_and_loads_nothing(on_m4: Comparison) -> None:
    strange = dataclasses.replace(on_m4, model="<script>alert(1)</script>")
    page = as_html(strange)
    assert "<script" not in page and not re.search(r"(src|href)=|url\(|@import", page)
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) > 5
    for drawing in drawings:
        for rect in ET.fromstring(drawing).iter("rect"):
            assert 0 <= float(rect.get("width", "nan")) <= 700


def test_a_difference_is_told(on_m4: Comparison) -> None:
    wrong = dataclasses.replace(on_m4, exact=False, difference="layer L01")
    assert "Different: layer L01" in as_text(wrong) and 'class="verdict different"' in as_html(wrong)


def stand_in(folder: Path, target_name: str) -> TflmLibrary:
    """A library with TFLM's API for the target: the shim over generated code that knows the model by its content."""
    target = load_target(target_name)
    convert(MODEL, folder / "lib", symbols=parse_symbols(None, keep_flatbuffer=True), target=target_name)
    objects = []
    for source in sorted((folder / "lib/src").glob("*.c")):
        objects.append(str(folder / f"{source.stem}.o"))
        run([f"{target.compiler_prefix}gcc", *target.cflags, "-std=c99", "-O2", "-c", str(source), "-o", objects[-1]])
    run([f"{target.compiler_prefix}ar", "rcs", str(folder / "libtflm.a"), *objects])
    return TflmLibrary(folder / "libtflm.a", (folder / "lib/include",))


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_library_for_the_target_is_measured(target: str, tmp_path: Path) -> None:
    toolchain("arm" if target != "host" else "gcc")
    result = compare(MODEL, target=target, samples=2, library=stand_in(tmp_path, target))
    assert result.exact and result.measured_tflm
    assert 0 < result.tflm.arena_bytes < 2000
    assert result.tflm.flash_parts["model file"] == len(MODEL)
    assert result.shim is not None and result.shim.arena_bytes == result.tflm.arena_bytes
    assert result.shim.objects_bytes == result.tflm.objects_bytes
    assert "same source" in as_text(result) and "same source" in as_html(result)
    if target != "host":
        assert (
            result.tflm.instructions
            and result.tflm.init_instructions
            and result.tflm.flash_parts["interpreter and kernels"] > 1000
        )
        assert result.ours.instructions and result.tflm.instructions > result.ours.instructions
        assert result.shim.instructions and result.ours.instructions < result.shim.instructions
        assert result.ours.flash_bytes < result.shim.flash_bytes < result.tflm.flash_bytes


def test_wrong_library_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        TflmLibrary(tmp_path / "absent.a", ())
    library = stand_in(tmp_path, "host")
    other = tmp_path / "lib/src/net_tflm.c"
    other.write_text(
        other.read_text().replace(
            "net_run(arena);", "net_run(arena);\n    ((uint8_t *)arena)[net_outputs[0].offset] ^= 1u;"
        )
    )
    run(["gcc", "-std=c99", "-c", str(other), "-o", str(tmp_path / "net_tflm.o")])
    run(["ar", "rcs", str(tmp_path / "libtflm.a"), str(tmp_path / "net_tflm.o")])
    with pytest.raises(MismatchError, match="disagree"):
        compare(MODEL, target="host", samples=2, library=library)


def test_adapter_registers_the_models_operators() -> None:
    calls = registrations(MODEL)
    assert (
        "AddConv2D(tflite::Register_CONV_2D_INT8())" in calls
        and "AddMaxPool2D(tflite::Register_MAX_POOL_2D_INT8())" in calls
    )


def test_command_line(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(MODEL)
    np.save(tmp_path / "x.npy", np.zeros((2, 1, 64, 1, 3), np.int8))
    command = [sys.executable, "-m", "tinyengine_tf", "compare", str(tmp_path / "model.tflite"), "--target", "host"]
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "x.npy"), "--json", "--html", str(tmp_path / "page.html")],
        capture_output=True,
        text=True,
        cwd=REPO,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 2
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    for misuse in ("--tflm-flags=-DX", "--io=int4", "--feed=columns", "--ram-budget=much", "--seed=-1"):
        assert subprocess.run([*command, misuse], capture_output=True, cwd=REPO, timeout=60).returncode == 2, misuse
