# Two commands are all a newcomer needs: make render, make test. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BOARD ?= storyboards/kyoto.yaml
# A third of the tests' time is waiting: three processes keep two cores busy.
TEST_PROCESSES ?= 3
OUT ?= out/$(basename $(notdir $(BOARD))).mp4

.PHONY: render test test-fast test-times test-portable lint docs bench bench-scores bench-gpu clean

render: $(VENV)/.base  ## render the sample storyboard to out/
	@mkdir -p $(dir $(OUT))
	$(BIN)/vidgen render $(BOARD) -o $(OUT) --work .vidgen/$(basename $(notdir $(BOARD)))

test: lint  ## lint, types and every test
	$(BIN)/python -m pytest -n $(TEST_PROCESSES)

test-fast: $(VENV)/.dev  ## for the daily edit: every test that is quick, in a minute and a half
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-times: $(VENV)/.dev  ## every test, and the list of those that test-fast leaves out
	$(BIN)/python -m pytest -n 2 --durations=0 --durations-min=0.5 | $(BIN)/python tests/slow.py

# Processors round differently. What these three name is not used by OpenCV, numpy and torch, as on a machine without it.
test-portable: export OPENCV_CPU_DISABLE ?= AVX512-SKX
test-portable: export NPY_DISABLE_CPU_FEATURES ?= X86_V4 AVX512_ICL AVX512_SPR
test-portable: export ATEN_CPU_CAPABILITY ?= avx2
test-portable: $(VENV)/.dev  ## every test as on a processor without AVX-512; for every night
	$(BIN)/python -m pytest -n $(TEST_PROCESSES)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(VENV)/.dev  ## fill the made parts of README and docs/ from the program
	$(BIN)/python -m docs.build

# The words after bench are benchmarks, not targets: make bench planning startup. NAME=planning says the same.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
NAME ?= $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(if $(NAME),$(eval $(NAME): ;@:))
endif

bench: $(VENV)/.bench  ## measure, and rewrite the tables in docs/benchmarks.md; make bench planning: one of them
	$(BIN)/python -m benchmarks $(NAME)

bench-scores: $(VENV)/.bench  ## measure how rightly the judge judges; readings are kept in build/bench-scores
	$(BIN)/python -m benchmarks.bench_scores

bench-gpu: $(VENV)/.dev  ## measure the local engine on this machine's GPU; no network, under ten minutes
	$(BIN)/python -m benchmarks.gpu

clean:  ## remove what make made, but never .vidgen: takes may have been paid for
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,post,local,edit,provenance,ray,speech]'
	@touch $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,post,local,edit,provenance,ray,speech,bench]'
	@touch $@
