"""Where generated code runs: built, emulated, compared with TFLM. Nothing here is needed to convert."""
