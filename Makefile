# Everything starts from a bare checkout and installs what it needs first; `make help` lists the targets.
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PREPARED := $(VENV)/.prepared
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# the first of these that will do; make PYTHON=... takes another
PYTHON = $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check
TORCH := torch==$(shell sed -n 's/^torch==//p' requirements.lock)

# the tests start Python some hundred times: none of these needs to compile the modules again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup chat ask index test lint fix train clean
.DEFAULT_GOAL := help

help:
	@echo 'make chat           chat with the articles in corpus/'
	@echo 'make ask Q="..."    ask one question'
	@echo 'make index          bring the index up to date with corpus/'
	@echo 'make setup          install and prepare everything, nothing else'
	@echo 'make test           run the tests;  make lint  check types and style;  make fix  fix style'
	@echo 'make train DATA=... train the reader on a folder of question files, into .train/adapter'
	@echo 'make clean          remove the virtual environment and the index'

# On Linux the package index has PyTorch for graphics cards alone, which does not start without gigabytes of libraries.
# The CPU build is from PyTorch's own index; where that cannot be reached, those libraries come along.
CPU_TORCH = $(PIP) --no-deps '$(TORCH)+cpu' 2>/dev/null || \
	$(PIP) --no-deps --index-url https://download.pytorch.org/whl/cpu '$(TORCH)' 2>/dev/null || true

# made whole or not at all: an installation that was interrupted begins again from nothing
$(INSTALLED): requirements.lock pyproject.toml
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' || { echo 'Dateline needs Python 3.11, 3.12 or 3.13 (on Debian: apt install python3 python3-venv; make PYTHON=... names another).' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo 'Python has no venv module here; on Debian: apt install python3-venv.' >&2; exit 1; }
	@echo 'Installing into $(VENV) (about 2.5 GB, once) ...' >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(CPU_TORCH)
	@$(PIP) --no-deps --requirement requirements.lock
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) $(TORCH)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(PREPARED): $(INSTALLED) $(wildcard reader/weights/*)
	@$(BIN)/dateline prepare
	@touch $@

setup: $(PREPARED)

index: $(PREPARED)
	@$(BIN)/dateline index

chat: $(PREPARED)
	@$(BIN)/dateline chat --index

# the question travels by the environment, so that no quote or dollar sign in it means anything to the shell
ask: export DATELINE_QUESTION = $(value Q)
ask: $(PREPARED)
	@test -n "$$DATELINE_QUESTION" || { echo 'Ask something: make ask Q="Who attended the meeting?"' >&2; exit 2; }
	@$(BIN)/dateline ask --index "$$DATELINE_QUESTION"

# two workers; each takes whole files, whose tests share what is slow to make
test: $(PREPARED)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fix: $(INSTALLED)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# a run that was stopped goes on where it was; TRAIN takes more options, such as --init reader/weights or --minutes 60
train: $(PREPARED)
	@test -n "$(DATA)" || { echo 'Name the data: make train DATA=../questions' >&2; exit 2; }
	@mkdir -p .train
	@test -f .train/news.npz || $(BIN)/python -m reader.train.prepare --data "$(DATA)" --out .train/news.npz
	@$(BIN)/python -m reader.train .train/news.npz --out .train/adapter $(TRAIN)

clean:
	@rm -rf $(VENV) .dateline
