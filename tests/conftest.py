"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with real models and data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TINYENGINE_SHARED", REPO.parent / "shared"))
    if not (folder / "models").is_dir():
        pytest.skip(f"no real models: {folder}/models is absent (set TINYENGINE_SHARED)")
    return folder
