"""Pictures of plans and choices: SVG and HTML that need nothing but a browser, PNG where matplotlib is installed."""

from tinyengine_tf.drawing.front import Choice, front_png, front_svg
from tinyengine_tf.drawing.page import plan_page

__all__ = ["Choice", "front_png", "front_svg", "plan_page"]
