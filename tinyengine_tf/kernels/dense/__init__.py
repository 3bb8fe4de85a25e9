"""Convolutions, fully-connected layers and matrix products."""
