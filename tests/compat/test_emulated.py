"""Programs written for TFLM, built against the shim with strict flags, on an emulated Cortex-M4."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.compat.toolchain import FIRMWARE, MCU, REPO, STRICT, run
from tests.ops.remembering import MODELS as MODELS_THAT_REMEMBER
from tflm_compat import convert, parse_symbols
from tinyengine_tf import api
from tinyengine_tf.lab import reference
from tinyengine_tf.lab.verify import random_samples

CORE = ("-mcpu=cortex-m4", "-mthumb", "-O2", "-ffunction-sections", "-fdata-sections")
EXAMPLE = REPO / "examples/tflm_firmware"
MACHINE = ("-machine", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none")
MODELS = ("hello_world_int8", "mlperf_ad", "mlperf_kws", "mlperf_ic", "person_detect")
"""Those whose arenas fit into the 512 kB that the example's linker script gives."""


def run_on_m4(folder: Path, sources: list[Path], *flags: str, std: str = "gnu++11") -> str:
    """Build `sources` in `folder`, run them there; returns what was printed. Fails unless the program returns 0."""
    for tool in ("arm-none-eabi-g++", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    objects = []
    for number, source in enumerate([EXAMPLE / "startup.c", *sources]):
        kind = ("gcc", "-std=c99") if source.suffix == ".c" else ("g++", f"-std={std}", *MCU, "-fno-threadsafe-statics")
        objects.append(folder / f"{number}.o")
        run([f"arm-none-eabi-{kind[0]}", *CORE, *kind[1:], *STRICT, *flags, "-c", str(source), "-o", str(objects[-1])])
    link = ("--specs=rdimon.specs", "-T", str(EXAMPLE / "link.ld"), "-Wl,--gc-sections")
    program = folder / "firmware.elf"
    run(["arm-none-eabi-g++", *CORE, *link, *map(str, objects), "-lm", "-o", str(program)])
    semihosting = ("-semihosting-config", "enable=on,target=native")
    done = run(["qemu-system-arm", *MACHINE, *semihosting, "-kernel", str(program)])
    return done.stdout + done.stderr


@pytest.mark.parametrize("std", ["gnu++11", "gnu++20"])
@pytest.mark.parametrize("program", ["current_api", "legacy_api"])
def test_program_written_for_tflm(program: str, std: str, tmp_path: Path) -> None:
    includes = (f"-I{REPO / 'tflm_compat/include'}", f"-I{FIRMWARE}")
    printed = run_on_m4(tmp_path, [FIRMWARE / f"{program}.cc", FIRMWARE / "fake_model.c"], *includes, std=std)
    assert "~~~ALL TESTS PASSED~~~" in printed


def test_streaming_model_remembers_and_forgets(tmp_path: Path) -> None:
    data = MODELS_THAT_REMEMBER["streaming"]
    convert(data, tmp_path / "lib", symbols=parse_symbols("g_streaming", None, "model.h"), target="cortex-m4")
    samples = random_samples(api.load_graph(data), 5, seed=1)
    (tmp_path / "in.bin").write_bytes(b"".join(x.tobytes() for sample in samples for x in sample))
    run_on_m4(
        tmp_path,
        [FIRMWARE / "remembering.cc", *sorted((tmp_path / "lib/src").glob("*.c"))],
        f"-I{tmp_path / 'lib/include'}",
        f'-DIN_FILE="{tmp_path / "in.bin"}"',
        f'-DOUT_FILE="{tmp_path / "out.bin"}"',
    )
    expected = [out[0].tobytes() for out in reference.run(data, samples, isolated=True)]
    assert (tmp_path / "out.bin").read_bytes() == b"".join([*expected, expected[0], expected[0]])


@pytest.mark.parametrize("model", MODELS)
def test_real_model_equals_tflm_in_tflms_smallest_arena(model: str, shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "models" / f"{model}.tflite"
    convert(path, tmp_path / "lib", symbols=parse_symbols("g_the_model", None, "the_model.h"), target="cortex-m4")
    sample = random_samples(api.load_graph(path), 1, seed=3)[0]
    (tmp_path / "in.bin").write_bytes(b"".join(x.tobytes() for x in sample))
    run_on_m4(
        tmp_path,
        [FIRMWARE / "run_model.cc", *sorted((tmp_path / "lib/src").glob("*.c"))],
        f"-I{tmp_path / 'lib/include'}",
        "-DMODEL=g_the_model",
        '-DMODEL_HEADER="the_model.h"',
        f"-DARENA_BYTES={reference.smallest_arena_bytes(path.read_bytes(), isolated=True)}",
        "-DSHIFT=5",
        f'-DIN_FILE="{tmp_path / "in.bin"}"',
        f'-DOUT_FILE="{tmp_path / "out.bin"}"',
    )
    expected = b"".join(x.tobytes() for x in reference.run(path.read_bytes(), [sample], isolated=True)[0])
    assert (tmp_path / "out.bin").read_bytes() == expected
