# The project's commands. Each makes what it needs: a virtual environment in .venv, the release build of the
# extension module, the test tools. Needs only Python >= 3.10, Rust and the package registries.
#
#   make demo        build, then solve a real request against the sample channel carried in the package
#   make dev         build without optimisation, for the inner loop of editing and testing
#   make test        every ordinary test: Rust and Python (within 10 minutes on 2 cores)
#   make test-fast   the quick floors: unit, cli and environment, without Rust's own tests (within 90 seconds)
#   make lint        rustfmt, clippy, ruff, mypy, stubtest
#   make check-long  the long corpora: every real problem, oracles, fuzzers
#   make build       only the extension module, in .venv
#   make clean       remove what the others made

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp
CARGO  ?= cargo
# As many processes as processors, or as PYTEST_XDIST_AUTO_NUM_WORKERS says.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
# Properties are tried on the same inputs each time; another seed tries others.
export PROPTEST_RNG_SEED ?= 20260801

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find solver-core -name target -prune -o \( -name '*.rs' -o -name Cargo.toml \) -print)

.DEFAULT_GOAL := help
.PHONY: help demo build dev test test-fast test-rust test-python lint check-long clean

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile

# Compiled modules are what an installer leaves behind, too; where PYTHONDONTWRITEBYTECODE is set, each start would
# compile them again.
#
# The order of the stamps keeps one environment for all: tools, then the extension built into it.
$(STAMP)-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "resolvent needs Python 3.10 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'maturin>=1.8,<2'
	@touch $@

$(STAMP)-build: $(STAMP)-venv pyproject.toml $(RUST_SOURCES)
	VIRTUAL_ENV='$(abspath $(VENV))' $(BIN)/maturin develop --quiet --release --locked
	$(BIN)/python -m compileall -q python/resolvent
	@touch $@

$(STAMP)-tools: $(STAMP)-build pyproject.toml
	$(BIN)/python tools/requirements.py test oracle lint | $(BIN)/python -m pip install --quiet --disable-pip-version-check -r /dev/stdin
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/conformance 'pytest-conda-solvers==0.1.0'
	@touch $@

build: $(STAMP)-build

# The stamp of the optimised build goes, so that the next target that measures or ships makes it again.
dev: $(STAMP)-venv
	VIRTUAL_ENV='$(abspath $(VENV))' $(BIN)/maturin develop --quiet --locked
	@rm -f $(STAMP)-build

demo: build
	$(BIN)/resolvent solve --sample --platform linux-64 'numpy' 'python 3.12.*'

test: test-rust test-python

test-fast: $(STAMP)-tools
	$(PYTEST) tests/unit tests/cli tests/environment

test-rust:
	$(CARGO) test --workspace --locked

test-python: $(STAMP)-tools
	$(PYTEST)

lint: $(STAMP)-tools
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest resolvent._core --allowlist tools/stubtest.txt

check-long: $(STAMP)-tools
	$(CARGO) test --workspace --locked -- --ignored
	$(CARGO) test --locked --manifest-path solver-core/fuzz/Cargo.toml --target-dir target/fuzz
	$(PYTEST) -m long

clean:
	rm -rf $(VENV) target
	find python tests benches tools -name __pycache__ -prune -exec rm -rf {} +
	rm -f python/resolvent/_core*.so
