"""Generated pages are up to date."""

from __future__ import annotations

from pathlib import Path

from tinyengine_tf.ops import catalogue

REPO = Path(__file__).resolve().parent.parent


def test_operators_page() -> None:
    """If this fails: python -m tinyengine_tf ops --markdown > docs/operators.md"""
    assert (REPO / "docs" / "operators.md").read_text(encoding="utf-8") == catalogue.markdown() + "\n"
