# otx: `make demo` is the first command of a new clone, `make test` what continuous integration runs.
# Every target sets up what it needs, from nothing, and says what it installs.

PYTHON ?= python3
export PYTHON
# Tests start thousands of short processes: none is to compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
# A make that a test runs is none of this one's jobs.
PYTEST := env -u MAKEFLAGS $(BIN)/python -m pytest
WORKERS ?= 4

.PHONY: demo setup setup-dev test test-long lint types imports checks unit agent alone others bench bpf native snapshots docs grammar proto completions clean

demo: setup ## the whole tool on a small live shop
	@$(BIN)/otx demo

setup: $(VENV)/.setup ## .venv/bin/otx, and the Debian packages it runs on

setup-dev: $(VENV)/.setup-dev ## what tests and BPF builds need on top

NATIVE := hatch_build.py native/Makefile $(wildcard native/*.c native/*.h)

$(VENV)/.setup: pyproject.toml .ci/packages $(NATIVE)
	@.ci/packages run
	@.ci/venv $(PYTHON) $(VENV) '.[all]'
	@touch $@

$(VENV)/.setup-dev: pyproject.toml .ci/packages $(NATIVE)
	@.ci/packages run dev
	@.ci/venv $(PYTHON) $(VENV) '.[all,dev]'
	@touch $@ $(VENV)/.setup

$(VENV)/.setup-fuzz: $(VENV)/.setup-dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@touch $@

test: setup-dev ## lint, types, import contract, tests
	@$(MAKE) --no-print-directory --jobs=4 lint types imports agent # types take one processor, the agent's tests wait
	@$(MAKE) --no-print-directory alone others

checks: ## lint, types and import contract, side by side
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target lint types imports

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

BESIDE := $(PYTEST) -m 'not alone and not long' -n $(WORKERS) --dist loadfile

unit: agent alone others

agent: # it forks: without the threads of other rooms
	$(BESIDE) tests/services/agent

alone:
	$(PYTEST) -m 'alone and not long' tests/profile

others:
	$(BESIDE) --ignore=tests/services/agent

test-long: setup-dev $(VENV)/.setup-fuzz ## soaks, kill rounds and fuzzing at full size
	$(PYTEST) -m long
	$(PYTEST) --hypothesis-profile=searching tests/otlp tests/ottl tests/propagation tests/store tests/flame tests/model tests/tracing

bench: setup-dev ## every benchmark, one after the other
	@for file in benchmarks/*_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bpf: ## build the BPF objects from source
	@.ci/packages dev
	@$(MAKE) -C bpf

native: ## build the library of native/, which `make setup` does as well
	@$(MAKE) -C native

snapshots: setup-dev ## redraw the pictures the TUI's tests compare with; look at them before you commit
	$(PYTEST) tests/tui --snapshot-update

docs: setup-dev ## rewrite docs/cli.md, docs/functions.md and what the examples of pages print
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/examples.py

grammar: setup-dev ## rewrite otx/ottl/grammar.json from grammar.lark
	$(BIN)/python -m otx.ottl.grammar_tables

proto: ## rewrite opamp_pb2.py and pprof_pb2.py from proto/
	@$(PYTHON) -m venv build/protoc
	@build/protoc/bin/python -m pip install --quiet 'grpcio-tools==1.74.*'
	build/protoc/bin/python -m grpc_tools.protoc -Iproto --python_out=otx/opamp --pyi_out=otx/opamp opamp.proto
	build/protoc/bin/python -m grpc_tools.protoc -Iproto --python_out=otx/profile/formats --pyi_out=otx/profile/formats pprof.proto

completions: setup ## rewrite completions/ from the command table
	@for shell in bash zsh fish; do $(BIN)/otx completion $$shell -o completions/otx.$$shell; done

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
