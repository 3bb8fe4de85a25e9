"""Families of networks: `base` says what one must offer, each folder is one. Nothing here imports TensorFlow."""

from __future__ import annotations

from nas_keras.families.base import Family
from nas_keras.plugins import Registry
from tinyengine_tf.errors import UsageError

FAMILIES = Registry("family", "nas_keras.families", {"mbconv": "nas_keras.families.mbconv.family:MBConv"})
DEFAULT = "mbconv"


def load_family(family: str | Family = DEFAULT) -> Family:
    """A family by name, or itself."""
    found = FAMILIES.find(family)() if isinstance(family, str) else family
    if not isinstance(found, Family):
        raise UsageError(
            f"{family!r} is no family of networks", where="family", hint=f"one of {', '.join(FAMILIES)}, or a Family"
        )
    return found
