"""Requantisation in few instructions, with the proofs that it equals TFLM's."""
