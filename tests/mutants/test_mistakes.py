"""The list of planted mistakes is up to date: `make mutants` plants them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.mistakes import MISTAKES, Mistake

REPO = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.path)
def test_a_mistake_can_be_planted(mistake: Mistake) -> None:
    assert (REPO / mistake.path).read_text(encoding="utf-8").count(mistake.old) == 1
    assert all((REPO / t.partition("::")[0]).exists() for t in mistake.tests.split() if t.startswith("tests/"))
