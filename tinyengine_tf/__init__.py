"""Compile int8 .tflite models to exact, self-contained C for microcontrollers."""
