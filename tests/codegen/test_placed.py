"""Memory regions in generated code: exact wherever the bytes lie, and they lie where the fragment says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tinyengine_tf import api, report
from tinyengine_tf.drawing import plan_page
from tinyengine_tf.errors import DoesNotFitError, InternalError, ToolchainError, UsageError
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.emulate import run
from tinyengine_tf.lab.verify import random_samples
from tinyengine_tf.regions import Places, Region
from tinyengine_tf.target import Target, load_target

M4 = load_target("cortex-m4")
KB = 1024
# In QEMU's mps2-an386: the upper part of the SSRAM at 0x20000000, and the PSRAM at 0x21000000.
MEMORY = {
    "FAST": (0x20200000, 64 * KB),
    "SLOW": (0x21000000, 4 * KB * KB),
    "QSPI": (0x21800000, 4 * KB * KB),
    "HOT": (0x20300000, 64 * KB),
}


def peak(model: bytes) -> int:
    return api.estimate(model, target="cortex-m4", exact=True).arena_bytes


def half(model: bytes) -> dict[str, str]:
    return {"arena": f"FAST:{peak(model) // 2},SLOW:1MB:psram"}


def outputs(model: bytes, folder: Path, target: Target, regions: dict[str, str], **options: object) -> list[bytes]:
    """Outputs of the generated code for a fixed noise; `options` go to compile_network."""
    api.convert(model, folder / "c", target=target, regions=regions)
    program = compile_network(folder / "c", target, folder / "build", warnings=True, **options)  # type: ignore[arg-type]
    samples = random_samples(api.load_graph(model), 4, 7)
    return [o.tobytes() for sample in run(program, samples).outputs for o in sample]


def sections(linker_map: str) -> dict[str, tuple[int, int]]:
    """{output section: (address, bytes)} of those that the fragment makes."""
    found = re.findall(r"^(\.net\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)", linker_map, re.MULTILINE)
    return {name: (int(address, 16), int(size, 16)) for name, address, size in found}


@pytest.mark.parametrize("optimize", ["latency", "ram"])
def test_split_arenas_are_exact_on_host_and_core(optimize: str) -> None:
    model = small_cnn()
    for target in ("host", "cortex-m4"):
        regions = {"arena": f"FAST:{api.estimate(model, target=target, optimize=optimize).arena_bytes // 2},SLOW:1MB"}
        result = api.verify(model, target=target, optimize=optimize, regions=regions, layers=True)
        assert result.exact and result.layers_compared, result.difference
        assert [s.place for s in result.arena.shares] == ["FAST", "SLOW"]
        assert result.run.static_ram_bytes >= result.arena.arena_bytes


def test_rows_can_be_fed_into_a_split_arena() -> None:
    model = small_cnn()
    fed = api.estimate(model, target="host", optimize="ram", feed="rows").arena_bytes
    result = api.verify(
        model, target="host", optimize="ram", feed="rows", regions={"arena": f"A:{fed // 2},B:1MB"}, layers=True
    )
    assert result.exact and len(result.arena.shares) == 2


@pytest.mark.parametrize("caller_arena", [False, True])
def test_sections_lie_in_their_regions_on_the_emulated_core(caller_arena: bool, tmp_path: Path) -> None:
    model = small_cnn()
    regions = half(model) | {"weights": "QSPI:1MB:external"}
    plain = outputs(model, tmp_path / "plain", M4, {})
    placed = outputs(model, tmp_path / "placed", M4, regions, memory=MEMORY, caller_arena=caller_arena)
    assert placed == plain
    content = api.convert(model, target=M4, regions=regions).report
    lie = sections((tmp_path / "placed/build/program.map").read_text())
    for share in content["arena_regions"]:
        address, size = lie[f".net.bss.{share['region']}"]
        origin, room = MEMORY[share["region"]]
        if not (caller_arena and share["region"] == "FAST"):  # the caller's own arena takes its place
            assert address == origin and size == (share["bytes"] + 7) // 8 * 8 <= room
    address, size = lie[".net.rodata.QSPI"]
    assert address == MEMORY["QSPI"][0] and 0 < size <= content["weights_bytes"] + 8


def test_constants_in_ram_are_copied_by_startup_code(tmp_path: Path) -> None:
    model = small_cnn()
    plain = outputs(model, tmp_path / "plain", M4, {})
    copy = tmp_path / "copy.c"
    copy.write_text(
        "#include <stddef.h>\n"
        "extern char net_HOT_start[], net_HOT_end[], net_HOT_load[];\n"
        "int __real_net_init(void *arena, size_t bytes);\n"
        "int __wrap_net_init(void *arena, size_t bytes)\n"
        "{\n"
        "    volatile char *to = net_HOT_start;\n"
        "    for (const char *from = net_HOT_load; to < net_HOT_end; )\n"
        "        *to++ = *from++;\n"
        "    return __real_net_init(arena, bytes);\n"
        "}\n"
    )
    subprocess.run([f"{M4.compiler_prefix}gcc", *M4.cflags, "-O1", "-c", copy, "-o", tmp_path / "copy.o"], check=True)
    link = (str(tmp_path / "copy.o"), "-Wl,--wrap=net_init")
    regions = {"weights": "HOT:64KB"}
    assert outputs(model, tmp_path / "hot", M4, regions, memory=MEMORY, extra_link=link) == plain
    assert sections((tmp_path / "hot/build/program.map").read_text())[".net.rodata.HOT"][0] == MEMORY["HOT"][0]
    with pytest.raises(InternalError, match="fault"):  # without the copy: what is used above does come from that memory
        outputs(model, tmp_path / "cold", M4, regions, memory=MEMORY)


def test_a_region_smaller_than_told_is_an_error_of_the_linker(tmp_path: Path) -> None:
    model = small_cnn()
    small = MEMORY | {"FAST": (0x20200000, 16)}
    with pytest.raises(ToolchainError, match="net needs [0-9]+ bytes of FAST"):
        outputs(model, tmp_path, M4, half(model), memory=small)
    with pytest.raises(ToolchainError, match="SLOW"):
        outputs(model, tmp_path, M4, half(model), memory={"FAST": MEMORY["FAST"]})


def test_a_planted_wrong_region_is_found(tmp_path: Path) -> None:
    """A buffer addressed in the wrong region changes outputs, or it would not matter where it lies."""
    model = small_cnn()
    plain = outputs(model, tmp_path / "plain", M4, {})
    api.convert(model, tmp_path / "c", target=M4, regions=half(model))
    source = tmp_path / "c/src/net.c"
    text = source.read_text()
    assert "net_arena_slow.bytes + " in text
    source.write_text(text.replace("(net_arena_slow.bytes + ", "(arena + "))
    header = tmp_path / "c/include/net.h"  # room enough for the mistake, so that only the outputs can tell
    header.write_text(re.sub(r"(define NET_ARENA_BYTES) \d+", r"\1 65536", header.read_text()))
    program = compile_network(tmp_path / "c", M4, tmp_path / "build")
    wrong = run(program, random_samples(api.load_graph(model), 4, 7)).outputs
    assert [o.tobytes() for sample in wrong for o in sample] != plain


def test_one_piece_stays_what_it_was() -> None:
    """Regions that nobody named leave no trace, on boards and on bare cores."""
    for target in ("cortex-m7", "stm32h743", "stm32f746"):
        files = api.convert(small_cnn(), target=target).bundle
        assert not any("section" in text.lower() for path, text in files.items() if path.endswith((".c", ".h")))
        assert "net_sections.ld" not in files and "arena_regions" not in files["report.json"]


def board(*ram: Region, flash_bytes: int = 1 << 20, outside: int = 0) -> Target:
    h743 = load_target("stm32h743")
    constants = [Region("FLASH", 0x08000000, flash_bytes, "flash")]
    constants += [Region("QSPI", 0x90000000, outside, "external")] if outside else []
    values = {**h743.__dict__, "ram": ram, "constants": tuple(constants), "flash_bytes": flash_bytes}
    return Target(**{k: v for k, v in values.items() if k in Target.__dataclass_fields__})


def test_the_board_splits_only_where_it_must() -> None:
    model, whole = small_cnn(), api.estimate(small_cnn(), target="cortex-m7", optimize="ram").arena_bytes
    near, far = Region("DTCM", 0x20000000, whole, "dtcm"), Region("SDRAM", 0xC0000000, 1 << 20, "psram")
    one = api.estimate(model, target=board(near, far), optimize="ram", exact=True)
    assert one.fits and len(one.arena.shares) == 1 and one.arena.shares[0].region is None
    near = Region("DTCM", 0x20000000, whole - 64, "dtcm")
    two = api.estimate(model, target=board(near, far), optimize="ram", exact=True)
    assert two.fits and [s.place for s in two.arena.shares] == ["DTCM", "SDRAM"]
    assert two.arena_bytes == sum(s.plan.peak_bytes for s in two.arena.shares)
    quick = api.estimate(model, target=board(near, far), optimize="ram")
    assert quick.fits and len(quick.arena.shares) == 2


def test_what_fits_nowhere_is_told_region_by_region() -> None:
    model = small_cnn()
    apart = board(Region("DTCM", 0x20000000, 200, "dtcm"), Region("SRAM1", 0x30000000, 300))
    with pytest.raises(DoesNotFitError) as error:
        api.convert(model, target=apart)
    text = str(error.value)
    assert "not adjacent: DTCM 200 (" in text and "SRAM1 300 (" in text and "too few" in text and "try:" in text
    assert not api.estimate(model, target=apart).fits
    one_piece = api.estimate(model, target="cortex-m7", optimize="ram").arena_bytes
    with pytest.raises(DoesNotFitError, match="not adjacent"):  # the sum would do, but TFLM's shim may not split
        api.convert(
            model,
            target="cortex-m7",
            optimize="ram",
            regions=Places((Region("A", -1, one_piece - 8), Region("B", -1, one_piece - 8)), split=False),
        )


def test_constants_go_outside_where_the_flash_is_too_small() -> None:
    model = small_cnn()
    need = api.estimate(model, target="cortex-m7").weights_bytes
    ram = Region("DTCM", 0x20000000, 1 << 20, "dtcm")
    with pytest.raises(DoesNotFitError, match="of flash: .* too few"):
        api.convert(model, target=board(ram, flash_bytes=need // 2))
    result = api.convert(model, target=board(ram, flash_bytes=need // 2, outside=1 << 20))
    places = {row["region"]: row["bytes"] for row in result.report["weights_regions"]}
    assert places["default"] <= need // 2 and sum(places.values()) == need
    layers = {x.label: x for x in result.arena.schedule.layers if x.table_bytes}
    heat = {label: x.op.macs / x.table_bytes for label, x in layers.items()}
    hottest = max(heat, key=lambda label: heat[label])
    assert layers[hottest] not in result.arena.constants
    weights = result.bundle["src/net_weights.c"]
    assert weights.count('NET_SECTION(".rodata.QSPI")') >= 1
    with pytest.raises(DoesNotFitError, match="of QSPI"):
        api.convert(model, target="cortex-m7", regions={"weights": f"QSPI:{need // 2}:external"})


def test_arena_and_constants_share_a_region_only_where_both_fit() -> None:
    model, whole = small_cnn(), peak(small_cnn())
    need = api.estimate(model, target="cortex-m4").weights_bytes
    regions = {"arena": f"A:{whole + need - 1}", "weights": f"A:{whole + need - 1}"}
    with pytest.raises(DoesNotFitError, match="of A together"):
        api.convert(model, target="cortex-m4", regions=regions)


def test_plans_show_regions() -> None:
    arena = api.estimate(small_cnn(), target="cortex-m4", exact=True, regions=half(small_cnn())).arena
    text, page = report.plan_picture(arena), plan_page(arena, "two regions")
    rows = report.plan_dict(arena)["buffers"]
    assert {row["region"] for row in rows} == {"FAST", "SLOW"} and len(rows) == len(arena.live.problem.buffers)
    for share in arena.shares:
        head = f"{share.plan.peak_bytes:,} of {share.region.size_bytes:,} bytes"
        assert f"{share.place}, {head}" in text and f"{share.place}: {head}" in page
        assert share.place in report.summary(arena) and f"{share.place} [" in report.layer_table(arena)
    assert page.count("<svg") == 2 and "in 2 regions" in page


def test_the_command_line_takes_regions(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(small_cnn())
    command = [sys.executable, "-m", "tinyengine_tf", "plan", str(tmp_path / "model.tflite"), "--region"]
    done = subprocess.run([*command, f"arena={half(small_cnn())['arena']}"], capture_output=True, text=True)
    assert done.returncode == 0 and "SLOW, " in done.stdout, done.stderr
    done = subprocess.run([*command, "arena"], capture_output=True, text=True)
    assert done.returncode == 2 and "--region arena=NAMES" in done.stderr


def test_unknown_regions_are_refused() -> None:
    with pytest.raises(UsageError, match="no region 'CCM'"):
        api.convert(small_cnn(), target="stm32h743", regions={"arena": "CCM"})
