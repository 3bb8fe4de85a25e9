# make setup   compilers, emulators and a Python environment in .venv, with pinned packages
# make test    setup, then all tests (two processes)
# make demo    setup, then the whole story on scikit-learn's digits, from training to an emulated Cortex-M4
# make lint    ruff and mypy
# make nightly the tests again, with the long ones and many more random models and damaged files
# make clean   remove what the above have made
#
# PYTHON=...       interpreter for .venv (default: python3.11 or python3.12, whichever is there)
# PYTEST_ARGS=...  more arguments for pytest, e.g. PYTEST_ARGS="-x tests/tflite"

PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
    $$p -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
REQUIREMENTS := third_party/requirements-nas.txt
digest = $(shell cat $(1) | sha256sum | cut -c1-16)
PACKAGES_STAMP := .venv/.packages-$(call digest,$(REQUIREMENTS))
INSTALL_STAMP := .venv/.install-$(call digest,setup.cfg pyproject.toml)

export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: setup toolchain test demo lint nightly clean
.DELETE_ON_ERROR:

setup: toolchain $(PACKAGES_STAMP) $(INSTALL_STAMP)
	@echo "setup: ready; commands are in .venv/bin"

toolchain:
	@EXTRA_PACKAGES="$$($(or $(PYTHON),false) -c 'import ensurepip' 2>/dev/null || echo python3-venv)" third_party/toolchain.sh

$(PACKAGES_STAMP): | toolchain
	@echo "setup: creating .venv and installing the packages pinned in $(REQUIREMENTS) (2.5 GB with TensorFlow)"
	rm -rf .venv
	$(or $(PYTHON),python3) -c 'import sys; assert sys.version_info[:2] in ((3, 11), (3, 12)), "Python 3.11 or 3.12 is needed"'
	$(or $(PYTHON),python3) -m venv .venv
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r $(REQUIREMENTS)
	@touch $@

$(INSTALL_STAMP): $(PACKAGES_STAMP)
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test: setup
	$(PY) -m pytest -n 2 -rs $(PYTEST_ARGS)
	@echo "make test: all passed"

demo: setup
	$(PY) -m nas_keras.demo

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy tinyengine_tf nas_keras tflm_compat

nightly: setup
	TINYENGINE_FUZZ=20 $(PY) -m pytest -n 2 -m "nightly or not nightly" $(PYTEST_ARGS)

clean:
	rm -rf .venv build demo_out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
