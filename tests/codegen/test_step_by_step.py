"""NAME_step(): the network in pieces computes what it computes in one call, and tells what the pieces are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tests.compat.toolchain import run
from tests.ops.remembering import MODELS as MODELS_THAT_REMEMBER
from tinyengine_tf import api
from tinyengine_tf.cli import main
from tinyengine_tf.codegen import Options
from tinyengine_tf.codegen.entries import STEP_BY_STEP

# Three inferences of noise, once whole and once in pieces, in two arenas; prints the kinds of the pieces.
PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "net.h"
#define KIND(number, kind, macs) printf("%d %s %lu\\n", number, kind, (unsigned long)macs);
static unsigned char whole[3][NET_OUTPUT0_BYTES];
static void fill(int k)
{
    unsigned char *in = net_input(0);
    for (int i = 0; i < (int)NET_INPUT0_BYTES; ++i)
        in[i] = (unsigned char)(i * 37 + k * 91 + i * i);
}
int main(void)
{
    if (net_step(0) != TE_ERROR_NOT_INITIALIZED || net_init(0, 0) != TE_OK)
        return 1;
    for (int k = 0; k < 3; ++k) {
        fill(k);
        if (net_invoke() != TE_OK)
            return 2;
        memcpy(whole[k], net_output(0), NET_OUTPUT0_BYTES);
    }
    if (net_init(0, 0) != TE_OK)
        return 3;
    for (int k = 0; k < 3; ++k) {
        fill(k);
        for (int step = 0; step < NET_NUM_STEPS; ++step)
            if (net_step(step) != TE_OK)
                return 4;
        if (memcmp(whole[k], net_output(0), NET_OUTPUT0_BYTES) != 0)
            return 5;
    }
    if (strcmp(NET_MODEL, "%NAME%") != 0)
        return 7;
    NET_STEPS(KIND)
    return net_step(-1) == TE_ERROR_NO_SUCH_STEP && net_step(NET_NUM_STEPS) == TE_ERROR_NO_SUCH_STEP ? 0 : 6;
}
"""


@pytest.mark.parametrize("optimize", ["latency", "ram"])
@pytest.mark.parametrize("kind", ["cnn", "remembers"])
def test_in_pieces_as_in_one(kind: str, optimize: str, tmp_path: Path) -> None:
    model = small_cnn() if kind == "cnn" else MODELS_THAT_REMEMBER["streaming"]
    result = api.convert(model, tmp_path, target="host", optimize=optimize, options=Options(entries=(STEP_BY_STEP,)))
    (tmp_path / "main.c").write_text(PROGRAM.replace("%NAME%", result.arena.schedule.graph.name))
    warnings = ("-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")
    for source in (tmp_path / "src").glob("*.c"):
        run(["gcc", "-std=c99", *warnings, f"-I{tmp_path / 'include'}", "-c", str(source), "-o", f"{source}.o"])
    objects = [f"{source}.o" for source in (tmp_path / "src").glob("*.c")]
    flags = ["-std=c99", "-g", "-fsanitize=address,undefined", f"-I{tmp_path / 'include'}"]
    run(["gcc", *flags, str(tmp_path / "main.c"), *objects, "-o", str(tmp_path / "main")])
    printed = [line.split() for line in run([str(tmp_path / "main")]).stdout.splitlines()]
    steps = result.arena.schedule.steps
    assert [int(number) for number, _, _ in printed] == list(range(len(steps)))
    assert sum(int(macs) for _, _, macs in printed) == result.arena.schedule.macs
    assert f"#define NET_MACS {result.arena.schedule.macs}\n" in result.bundle["include/net.h"]


@pytest.mark.parametrize("extra", [["--feed", "rows"], ["--compat", "tflm", "--model-symbol", "g_model"]])
def test_what_steps_do_not_go_with(
    extra: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.tflite").write_bytes(small_cnn())
    model, out = str(tmp_path / "model.tflite"), str(tmp_path / "out")
    monkeypatch.setattr("sys.argv", ["tinyengine_tf", "convert", model, "--steps", *extra, "--out", out])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2 and "leave out" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
