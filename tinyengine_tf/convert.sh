#!/bin/sh
# The command `tinyengine_tf` for Bazel actions, from the source tree beside this file.
here=$(dirname "$0")
PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}" PYTHONDONTWRITEBYTECODE=1 exec "${TINYENGINE_TF_PYTHON:-python3}" -m tinyengine_tf "$@"
