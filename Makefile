# Every target prepares .venv by itself: python3 and make are all that a machine needs.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# Bytecode is kept, even where the environment says otherwise: each of the tests' many processes would compile its imports anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types contracts bench chaos registries mutation docs lock clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@echo "preparing .venv (first time: about half a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rollway needs Python 3.11 or newer; set PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^uv==/{p=1} p{print} p&&!/\\$$/{exit}' constraints.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt || true
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r constraints.txt \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## watch one canary promoted and one rolled back, on real models behind a simulated AWS
	@$(BIN)/rollway demo

# Tests that play on the machine's own clock come last, so that those which need all of a core are not their noise; those with workers of
# Prefect, each a heavy process, have the machine to themselves.
test: $(STAMP) ## run every test
	@$(BIN)/python -m pytest --numprocesses 4 --dist worksteal --ignore tests/flows --ignore tests/e2e
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder tests/e2e tests/flows --ignore tests/e2e/prefect
	@$(BIN)/python -m pytest tests/e2e/prefect

check: $(STAMP) format lint types contracts test ## everything that must hold before a change lands

format: $(STAMP) ## is the code formatted? (fix: .venv/bin/ruff format)
	@$(BIN)/ruff format --check --quiet . || ($(BIN)/ruff format --diff --quiet .; exit 1)

lint: $(STAMP) ## is the code free of lint?
	@$(BIN)/ruff check --quiet .

types: $(STAMP) ## do the types hold, strictly?
	@$(BIN)/basedpyright --level error

contracts: $(STAMP) ## do imports point one way?
	@$(BIN)/lint-imports --no-cache

bench: $(STAMP) ## measure what performance is promised of
	@$(BIN)/python -m benchmarks

chaos: export ROLLWAY_CHAOS := full
chaos: $(STAMP) ## kill hundreds of rollouts at random moments, play every strategy on real model servers, lay siege to the receiver (two hours)
	@$(BIN)/python -m pytest --timeout 14400 tests/e2e/prefect tests/flows/test_prefect_away.py tests/flows/test_ab_test.py tests/flows/test_strategies.py tests/e2e/test_strategies.py
	@$(BIN)/python -m pytest --timeout 14400 tests/chaos tests/policies/properties tests/loop/test_canary.py tests/loop/test_return_paths.py
	@$(BIN)/python -m pytest --timeout 14400 tests/webhooks/test_load.py tests/fuzz

registries: $(STAMP) ## roll out from a real MLflow, a queue and SNS, through every process that a team has (minutes; installs MLflow, 850 MB)
	@test -x .mlflow/bin/mlflow || ($(BIN)/uv venv --quiet .mlflow && VIRTUAL_ENV=.mlflow $(BIN)/uv pip install --quiet mlflow==3.17.2)
	@ROLLWAY_CHAOS=full $(BIN)/python -m pytest tests/e2e/registries --timeout 900

mutation: $(STAMP) ## change the code that decides, one small thing at a time: do the tests notice? (hours; OF='policies.decide.*' for a part)
	@test -x .mutation/bin/mutmut || ($(BIN)/uv venv --quiet --python $(BIN)/python .mutation \
	  && VIRTUAL_ENV=.mutation $(BIN)/uv pip install --quiet -r constraints.txt mutmut==3.8.1)
	@.mutation/bin/mutmut run --max-children 1 $(OF)
	@.mutation/bin/mutmut results

docs: $(STAMP) ## make the pictures and generated pages in docs/ anew
	@$(BIN)/python -m docs.build

lock: $(STAMP) ## resolve constraints.txt anew: names, versions and hashes only
	@$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-header --no-annotate --extra sandbox --extra parquet --extra plots --group dev --output-file constraints.txt

clean: ## remove the environment and everything generated
	@rm -rf .venv .mutation .ruff_cache .rollway build dist mutants
