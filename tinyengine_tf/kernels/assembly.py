"""A function in assembly -> what its template is rendered with."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.machine import text
from tinyengine_tf.machine.program import Function

FUNCTION = "c/assembly_function.c.j2"
"""The template."""


def in_assembly(comment: str, function: Function) -> dict[str, Any]:
    """The values of the template."""
    return {
        "comment": comment,
        "parameters": text.parameters(function),
        "body": text.body(function),
        "opaque": function.uses_vectors,
    }
