"""Where grids were until 0.1; they are in nas_keras.families.mbconv.space. Scripts that import them here still run."""

from __future__ import annotations

from nas_keras.families.mbconv.space import (
    Grid,
    Layout,
    Space,
    Stage,
    grid_for,
    published_grid,
)

__all__ = ["Grid", "Layout", "Space", "Stage", "grid_for", "published_grid"]
