#!/bin/sh
# Compilers and emulators that the tests use, as Debian packages: says which are missing and installs them when it may
# (root, or sudo). Elsewhere it names them; tests that need an absent tool are skipped and say so.
set -eu
packages="
    gcc g++ libc6-dev clang libclang-rt-dev cmake make
    gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm
    gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
"
if ! command -v dpkg-query >/dev/null; then
    echo "toolchain: not a Debian system; the tests use what these Debian packages hold:" $packages
    exit 0
fi
missing=
for package in $packages ${EXTRA_PACKAGES:-}; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "toolchain: complete"
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=sudo
else
    echo "toolchain: missing:$missing"
    echo "toolchain: no right to install them here; run: sudo apt-get install$missing"
    exit 0
fi
echo "toolchain: installing with apt-get:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
echo "toolchain: complete"
