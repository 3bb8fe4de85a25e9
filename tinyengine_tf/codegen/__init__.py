"""Schedule and memory plan -> C: `render` returns {relative path: text} and touches no disk."""

from tinyengine_tf.codegen.bundle import Bundle, Options, render

__all__ = ["Bundle", "Options", "render"]
