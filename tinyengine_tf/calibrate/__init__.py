"""Measuring kernels, to predict what layers cost: see __main__.py."""

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
"""Every core that has a table."""
