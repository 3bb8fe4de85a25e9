"""Generated pages are up to date, every page is in the index, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinyengine_tf.ops import catalogue

REPO = Path(__file__).resolve().parent.parent


def test_operators_page() -> None:
    """If this fails: python -m tinyengine_tf ops --markdown > docs/operators.md"""
    assert (REPO / "docs" / "operators.md").read_text(encoding="utf-8") == catalogue.markdown() + "\n"


PAGES = sorted({*REPO.glob("docs/*.md"), *REPO.glob("*.md"), *REPO.glob("examples/*/*.md"), *REPO.glob("[a-z]*/*.md")})


def linked(page: Path) -> set[Path]:
    """Files and folders that a page links to, without other sites."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in links if "://" not in link}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [str(path) for path in linked(page) if not path.exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = REPO / "docs" / "README.md"
    assert set(PAGES) - {index} <= linked(index)


def test_every_page_of_docs_says_first_what_one_can_do_after_it() -> None:
    for page in (REPO / "docs").glob("*.md"):
        paragraph = page.read_text(encoding="utf-8").split("\n\n")[1]
        assert paragraph.startswith("After this page you "), page.name
