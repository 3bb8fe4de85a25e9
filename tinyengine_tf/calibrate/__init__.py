"""Measuring kernels, to predict what layers cost: see __main__.py."""
