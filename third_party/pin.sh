#!/bin/sh
# setup.cfg -> requirements-{light,test,nas}.txt: exact versions with hashes, for Python 3.11 and 3.12 on Linux.
# Versions already pinned stay; delete a file's line first to have it move. Needs `pip-compile` (pip-tools) on the PATH.
set -eu
cd "$(dirname "$0")/.."
compile() {
    output=third_party/requirements-$1.txt
    shift
    pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --resolver=backtracking --no-annotate \
        --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
        --output-file "$output" "$@" setup.cfg
    sed -i '/^#/d;/^$/d' "$output"
}
compile nas --extra nas --extra ray --extra compare --extra dev
compile test --extra compare --extra dev --constraint third_party/requirements-nas.txt
compile light --constraint third_party/requirements-nas.txt
