# `make` alone prints this help. Only Python 3.11+, git and make are needed; the rest is fetched from the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint format bench soak clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 18

setup: ## make .venv from uv.lock
	@$(PYTHON) tools/setup.py

demo: setup ## a work group in the browser over emulated shops; honours PORT (8000)
	@$(BIN)/xiaodan demo

test: ## everything, in parallel, in under ten minutes on two cores
	@$(PYTHON) tools/setup.py --browser
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -q

lint: setup ## format, lint, strict types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test ## what must be green before anything lands

format: setup ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## the figures the README claims, alternated with their anchors (10k and 100k orders)
	@$(BIN)/xiaodan bench all --orders 10000,100000

soak: ## long runs: 10 000 seeded fault runs, mutants, storms
	@$(PYTHON) tools/setup.py --browser
	@XIAODAN_SOAK=1 $(BIN)/pytest -n $(WORKERS) --dist loadgroup -q
	@$(BIN)/python -m tests.conformance.mutants
	@$(BIN)/python -m tests.conformance.chat_mutants

clean: ## forget .venv and the demo's data
	rm -rf $(VENV) var
