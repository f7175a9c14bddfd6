# The two commands a newcomer needs are `make up` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
IN_ENV := . ./env.sh &&
PACKS := policies/security policies/compliance
# Where this is set, every start compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
FAST_TESTS := tests --ignore=tests/integration --ignore=tests/e2e --ignore=tests/proof

.PHONY: help setup up down clean check test proof bench lock destroy

help: ## this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## the engine, the Python packages and the plugins, where they are missing
	@$(PYTHON) toolchain/setup.py

up: setup ## the sandbox cloud, and in it the whole fleet of stack `local`
	@$(BIN)/flotilla sandbox start
	@$(IN_ENV) pulumi stack select --create --non-interactive local
	@$(IN_ENV) pulumi up -s local --yes --skip-preview --suppress-outputs
	@$(BIN)/flotilla sandbox status

down: ## stop the sandbox, keeping what is in it
	@$(BIN)/flotilla sandbox stop

destroy: ## `pulumi destroy` of stack `local`; the sandbox goes on
	@$(IN_ENV) pulumi destroy -s local --yes --skip-preview

preview-%: setup ## `pulumi preview` of a stack with both policy packs, offline: no credentials, no Docker; AGAINST=<revision>
	@$(BIN)/python -m sandbox.preview $* $(addprefix --policy-pack ,$(PACKS)) $(if $(AGAINST),--diff-against $(AGAINST))

clean: ## remove everything that this checkout made
	@if [ -x $(BIN)/flotilla ]; then $(BIN)/flotilla sandbox reset --images; fi
	@rm -rf .venv .flotilla *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis releases/local.yaml
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

check: setup ## lint, types and the fast tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@types=$$(mktemp); $(BIN)/mypy >"$$types" 2>&1 & mypy=$$!; \
	$(BIN)/pytest -n 3 --dist worksteal $(FAST_TESTS); tests=$$?; \
	wait $$mypy; code=$$?; cat "$$types"; rm "$$types"; exit $$((tests ? tests : code))

test: check ## everything in check, and the end-to-end tests on the real engine and the sandbox
	@$(BIN)/pytest tests/integration -v --durations=15; parts=$$?; \
	$(BIN)/pytest tests/e2e -v --durations=15; whole=$$?; exit $$((parts ? parts : whole))

proof: setup ## the long tests, in full: damage, kills, losses, new examples for properties; ONLY=<words> for some
	@$(BIN)/pytest tests/proof -v --durations=15 $(if $(ONLY),-k "$(ONLY)")
	@$(if $(ONLY),,EXAMPLES=new $(BIN)/pytest -n 3 --dist worksteal $(FAST_TESTS))

bench: setup ## the figures of docs, as ratios in one run; ONLY=<name> for one
	@$(BIN)/python -m benchmarks $(ONLY)

lock: ## pin requirements.in again, with hashes (needs uv)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements.in -o requirements.lock
