# make run    build the example workspace (once) and serve it at http://127.0.0.1:8050
# make demo   build the example workspace without serving
# make test   every kind of test at a small size        make test-full   at the stated sizes
# make bench  the budgets, measured beside a peer where there is one; writes bench.json

VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := example
PORT := 8050

.PHONY: run demo test test-full bench checks clean

run: $(EXAMPLE)/shoregrid.toml
	@$(BIN)/shoregrid serve $(EXAMPLE) --port $(PORT)

demo: $(EXAMPLE)/shoregrid.toml

$(EXAMPLE)/shoregrid.toml: | $(VENV)/.run
	@echo "正在生成示例工作区（约两分钟） · building the example workspace (about two minutes)"
	@$(BIN)/shoregrid demo $(EXAMPLE)

test: $(VENV)/.dev checks
	@.ci/packages
	$(BIN)/python -m pytest -n 2 --dist loadscope

test-full: $(VENV)/.dev checks
	@.ci/packages
	$(BIN)/python -m pytest -n 2 --dist loadscope --full

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench

checks: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.run: pyproject.toml constraints.txt
	@.ci/venv $(VENV) .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@.ci/venv $(VENV) ".[dev]"
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) $(EXAMPLE)
