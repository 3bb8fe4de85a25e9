"""Architectures and the spaces they are drawn from. Nothing here imports TensorFlow."""
