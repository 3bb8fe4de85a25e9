"""Where all text comes from that is not written by hand: jinja2, with one set of rules."""

from __future__ import annotations

import jinja2


def environment(*folders: tuple[str, str], escape: bool = False) -> jinja2.Environment:
    """Templates of (package, folder) pairs, the first that has a name; an undefined variable is an error.

    escape   for HTML and SVG: what comes from a model file is text, not markup.
    """
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package, folder) for package, folder in folders]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=escape,
    )
