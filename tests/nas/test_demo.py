"""`make demo` ends with a table and files, or with an exit code that is not 0."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nas_keras import demo
from tinyengine_tf import MismatchError, ToolchainError

RESULT = SimpleNamespace(tflite=b"", accuracy={"float": 1.0})
INPUTS, LABELS = np.zeros((3, 2, 2, 1), np.int8), np.zeros(3, int)


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.reference, "run", lambda tflite, samples, **_: [[np.zeros((1, 10))] for _ in samples])
    monkeypatch.setattr(demo.reference, "smallest_arena_bytes", lambda *_, **__: 1)


@pytest.mark.parametrize("wrong", ["host", demo.TARGET])
def test_one_different_byte_is_an_error(reference, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    def verify(tflite, *, target, **_):
        return SimpleNamespace(exact=target != wrong, difference="sample 2")

    monkeypatch.setattr(demo, "verify", verify)
    with pytest.raises(MismatchError, match="sample 2"):
        demo.compare(RESULT, INPUTS, LABELS)


@pytest.mark.parametrize("error,code", [(MismatchError("differs"), 7), (ToolchainError("no compiler"), 6)])
def test_failures_are_exit_codes(error, code: int, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def fails(*_):
        raise error

    monkeypatch.setattr(demo, "tell", fails)
    with pytest.raises(SystemExit) as ended:
        demo.main(SimpleNamespace(out=Path("out"), seed=0))
    assert ended.value.code == code and error.message in capsys.readouterr().err


@pytest.mark.nightly
def test_the_whole_story_on_a_small_budget(tmp_path: Path) -> None:
    pytest.importorskip("tf_keras")
    small = replace(demo.BUDGET, supernet_epochs=1, evaluations=4, population=2, parents=1, finetune_epochs=3)
    table = demo.tell(tmp_path, 0, small)
    assert "equal outputs, 397 images on this machine" in table and "instructions per image" in table
    assert table.splitlines()[1] in (tmp_path / "report.html").read_text()
    for name in ("search/model.tflite", "c/include/digits.h", "digits_val.npz"):
        assert (tmp_path / name).exists()
