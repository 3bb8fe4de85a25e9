# make setup   compilers, emulators and a Python environment in .venv, with pinned packages
# make test    setup, then all tests (two processes)
# make check   tests for daily work, a minute or two
# make demo    setup, then the whole story on scikit-learn's digits, from training to an emulated Cortex-M4
# make lint    ruff and mypy
# make nightly the tests again, with the long ones and many more random models and damaged files
# make mutants plants mistakes in copies of the tree, one at a time; each must be found by its tests
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

DAILY := $(addprefix tests/,test_architecture.py test_docs.py test_packaging.py test_target.py test_regions.py ops/test_rules.py \
	ops/test_reduce.py ops/test_diagnosis.py kernels/test_select.py passes memory machine output/test_ownership.py \
	schedule/test_overlap.py mutants)

export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: setup toolchain test check demo lint nightly mutants clean
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

check: setup
	$(PY) -m pytest -q -n 2 $(DAILY) $(PYTEST_ARGS)

mutants: setup
	$(PY) -m tests.mutants

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
