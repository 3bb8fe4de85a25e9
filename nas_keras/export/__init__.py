"""A trained network becomes an int8 .tflite file."""
