# make run    build the example workspace (once) and serve it at http://127.0.0.1:8050
# make demo   build the example workspace without serving
# make test   every kind of test at a small size        make test-full   at the stated sizes
# make validate  the behaviours on simulated counties with planted truth (docs/validation.md)
# make bench  the budgets, measured beside a peer where there is one; writes bench.json
# make bench-scale  detection in 1, 10 and 100 million positions, and with two workers (docs/tests.md)

VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := example
PORT := 8050

.PHONY: run demo validate test test-full bench bench-scale checks kernels clean

run: kernels $(EXAMPLE)/shoregrid.toml
	@$(BIN)/shoregrid serve $(EXAMPLE) --port $(PORT)

demo: $(EXAMPLE)/shoregrid.toml

$(EXAMPLE)/shoregrid.toml: | $(VENV)/.run
	@echo "正在生成示例工作区（约两分钟） · building the example workspace (about two minutes)"
	@$(BIN)/shoregrid demo $(EXAMPLE)

test: $(VENV)/.dev checks kernels
	@.ci/packages
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

test-full: $(VENV)/.dev checks kernels
	@.ci/packages
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --full

validate: $(VENV)/.dev kernels
	$(BIN)/python -m tests.validation

bench: $(VENV)/.peers kernels
	$(BIN)/python -m tests.bench

bench-scale: $(VENV)/.dev kernels
	$(BIN)/python -m tests.bench.scale

checks: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

kernels: | $(VENV)/.run
	@.ci/kernels $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt
	@.ci/venv $(VENV) .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@.ci/venv $(VENV) ".[dev]"
	@touch $@ $(VENV)/.run

# What the bench compares with, in an environment of its own: libais's package has the name of one
# of ours. One that cannot be installed (libais wants a compiler) is left out. This file says which.
$(VENV)/.peers: constraints.txt Makefile | $(VENV)/.dev
	@$(BIN)/python -m venv $(VENV)/peers
	@for peer in aiscat marlin-py libais movingpandas; do \
	  $(VENV)/peers/bin/python -m pip install --disable-pip-version-check -q -c constraints.txt \
	    $$peer || echo "$$peer 未能安装，对比时略去 · not installed, left out of the bench"; done
	@touch $@

clean:
	rm -rf $(VENV) $(EXAMPLE)
