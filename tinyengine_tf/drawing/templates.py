"""The environment in which pictures are rendered: everything from a model is escaped."""

from __future__ import annotations

from functools import lru_cache

import jinja2


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Templates of this package; an undefined variable is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tinyengine_tf", "drawing"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
