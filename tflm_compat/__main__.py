"""`python -m tflm_compat` is the command `tflm_compat`."""

from tflm_compat.cli import main

main()
