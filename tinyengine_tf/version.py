"""The version of all three packages: setup.cfg reads it here, `--version`, NAME.h and report.json tell it."""

from __future__ import annotations

VERSION = "0.2.0"
