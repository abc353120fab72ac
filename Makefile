# make demo: the main job, nothing needed.  make test: everything CI runs.  make check: lint and types.  make bench: figures.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 2

.PHONY: demo test check bench clean

demo: $(VENV)/.model
	$(BIN)/simvtr demo

test: $(VENV)/.test
	$(BIN)/pytest -n 2

check: $(VENV)/.test
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/pyright

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.figures

$(VENV)/.model: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[model]'
	touch $@

$(VENV)/.test: $(VENV)/.model
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[model,test]'
	touch $@

clean:
	rm -rf $(VENV) demo out
