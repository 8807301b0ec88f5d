# The commands of this project. `make demo` and `make test` need Python 3.11+ with venv, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_MODEL := qwen2.5-coder-1.5b
DEMO_QUESTION := What does this Python function do? def f(n): return n if n < 2 else f(n-1) + f(n-2)

.PHONY: demo test unit check generate soak crash bench bench-scale bench-agent release-check format clean

demo: $(VENV)/.demo  ## Fetch the built-in model and ask it something: no server, key or account.
	@$(BIN)/codex-ls model pull $(DEMO_MODEL) --yes
	@echo
	@echo "> $(DEMO_QUESTION)"
	@echo
	@$(BIN)/codex-ls exec --profile embedded "$(DEMO_QUESTION)"

test: $(VENV)/.dev  ## Set up the test suite and run the whole gate.
	@$(BIN)/python -m tests.gate

unit: $(VENV)/.dev  ## The unit tier: no network, no editor, no model, under a minute.
	@$(BIN)/python -m pytest -q -m unit -n 2

check: $(VENV)/.dev  ## The quick part of the gate: format, lint, types, import rules, units.
	@$(BIN)/python -m tests.gate --quick

soak: $(VENV)/.dev  ## Sixty-four conversations at once for ten minutes, with a picture.
	@$(BIN)/python -m benchmarks.soak --plot docs/images/soak.svg

bench: $(VENV)/.demo  ## Measure everything beside the Codex CLI (from npm) and write docs/performance.md.
	@$(BIN)/python -m benchmarks $(ARGS)

bench-scale: $(VENV)/.demo  ## A real LiteLLM in front of two real llama.cpp nodes: balance, a death, a cancel.
	@$(BIN)/python -m benchmarks.scale

bench-agent: $(VENV)/.demo  ## Let a model do twenty small tasks with tools: ARGS="--profile NAME".
	@$(BIN)/python -m benchmarks.agent_tasks $(ARGS)

crash: $(VENV)/.dev  ## Kill the editor, the server, the command line and the model a hundred times each.
	@CODEX_LS_KILLS=100 $(BIN)/python -m pytest -q tests/crash

generate: $(VENV)/.dev  ## Write what is generated from codex_ls/protocol.py and config/models.py.
	@$(BIN)/python -m codex_ls.dev.generate
	@$(BIN)/python -m tests.doctor.page

release-check: $(VENV)/.dev  ## Build wheel, sdist and every VSIX, and ask a question through each.
	@$(BIN)/python -m tests.release

format: $(VENV)/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.pip: 
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "codex-ls needs Python 3.11 or newer; set PYTHON=python3.11")'
	@echo "Making an environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.demo: $(VENV)/.pip pyproject.toml
	@echo "Installing codex-ls with its built-in model server"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo pyproject.toml
	@echo "Installing the development tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
