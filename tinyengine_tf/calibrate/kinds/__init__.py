"""Random layers of the kinds that Sampler itself does not draw, a module a family, to measure every kernel."""
