"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

REPO = Path(__file__).resolve().parent.parent

# The same examples in every run of `make test`; new ones in every run of `make nightly`, which sets TINYENGINE_FUZZ.
settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("nightly", deadline=None, print_blob=True)
settings.load_profile("nightly" if "TINYENGINE_FUZZ" in os.environ else "steady")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with real models and data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TINYENGINE_SHARED", REPO.parent / "shared"))
    if not (folder / "models").is_dir():
        pytest.skip(f"no real models: {folder}/models is absent (set TINYENGINE_SHARED)")
    return folder
