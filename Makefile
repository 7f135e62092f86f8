# make run    the bot, with a page on this machine          make test       the whole check
# make check  read content/ over                            make evaluate  how well it understands, with a report
# make quick  what needs no server, in a minute
# make static  of that what runs nothing: format, lint, types, layers, content
# make one    one test file or test: T=tests/text/test_folding.py
# make coverage  what make quick's tests reach
# make pictures  those of the editors' guide    make settings  .env.example and the README's table
# make containers  the images, built and run by Docker or Podman
# make soak   the lasting properties, SOAK_SECONDS each (default: 1200)
.DEFAULT_GOAL := help
.PHONY: help run test quick static one coverage pictures settings soak containers check evaluate lock relock environments telegram-demo zalo-demo zalo-bot-demo clean
SHELL := /bin/sh
# What Python has compiled is kept, whatever the shell says: the tests start some hundred interpreters.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
PYTEST := .venv/bin/python -m pytest
# What the tests write and throw away stays in memory where that can be had: a disk makes them twice as slow.
# (A container often has 64 MB of it, which is too little.)
in_memory = $(shell test "$$(df -kP /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}')" -gt $(1) 2>/dev/null && echo TMPDIR=/dev/shm)
IN_MEMORY = $(call in_memory,2000000)
# With servers there are whole projects among it, with models, and the servers need memory of their own.
SERVERS_IN_MEMORY = $(call in_memory,8000000)
# A browser on a full machine may be late once, and a connection that a test cuts off be missed. What failed beside
# others is asked once more, alone; what passes then is still printed as failed above: it is to be mended. A run that
# was ended, or had an error of its own, has failed.
ONCE_MORE = { status=$$?; test $$status -eq 5; } || { test $$status -eq 1 && echo "== once more, alone: what failed" && $(PYTEST) --last-failed --last-failed-no-failures none
# One worker more than there are processors, since some tests wait. Each has its share in one piece, so that what a
# file's tests share is mostly made once.
WORKERS = -n $(shell echo $$(($$(nproc) + 1))) --dist worksteal
# With servers two more, and at most five: each has a browser and bots of its own, and all of them ask one Rasa side;
# but much of the time they wait, for what is told to stall, or for a training, which gives way to all else.
SERVER_WORKERS = -n $(shell n=$$(nproc); echo $$((n < 3 ? n + 2 : 5))) --dist loadfile --no-loadscope-reorder
# What runs at a time is not printed mixed, where this make can do that (GNU 4; macOS has 3.81).
IN_TURN := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes

help:
	@sed -n '/^# make/s/^# //p' Makefile

run: .venv/ready build/encoder/ready  ## the bot
	@exec .venv/bin/python -m bot run --with-editors

test: environments
	@$(MAKE) --no-print-directory --jobs 2 $(IN_TURN) tests-without-servers static
	@echo "== tests with servers (the first run trains a model)" \
		&& $(SERVERS_IN_MEMORY) $(PYTEST) $(SERVER_WORKERS) -m server $(TESTS) \
		|| $(ONCE_MORE) -m server $(TESTS); }

quick: .venv/ready .venv/ready-dev
	@$(MAKE) --no-print-directory --jobs 2 $(IN_TURN) quick-tests static

.PHONY: quick-tests tests-without-servers
quick-tests:
	@$(IN_MEMORY) $(PYTEST) -q $(WORKERS) --hypothesis-profile quick -m "not server and not soak and not slow"

tests-without-servers:
	@echo "== tests without servers" && $(IN_MEMORY) $(PYTEST) $(WORKERS) -m "not server" $(TESTS) \
		|| $(ONCE_MORE) -m "not server" $(TESTS); }

static:  ## what reads the files and runs nothing of them
	@echo "== format and lint" && .venv/bin/ruff format --check . && .venv/bin/ruff check .
	@echo "== types" && .venv/bin/mypy
	@echo "== layers" && .venv/bin/lint-imports --no-logo --no-cache
	@echo "== content" && .venv/bin/python -m bot check

coverage: .venv/ready .venv/ready-dev  ## of what needs no server; which lines, in build/coverage/
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(IN_MEMORY) $(PYTEST) -q -n auto --hypothesis-profile quick -m "not server and not soak and not slow" \
		--cov --cov-report html --cov-report term $(TESTS)

one: environments  ## T=<file, or file::test>
	@test -n "$(T)" || { echo "Say which: make one T=tests/text/test_folding.py" >&2; exit 2; }
	@$(PYTEST) $(T)

pictures: .venv/ready .venv/ready-dev  ## in docs/pictures/
	@.venv/bin/python -m tests.support.pictures

settings: .venv/ready .venv/ready-dev  ## .env.example and the README's table, from where they are declared
	@.venv/bin/python -m tests.support.settings_docs

soak: environments  ## PROPERTY=<file> for one of them
	@SOAK_SECONDS=$${SOAK_SECONDS:-1200} .venv/bin/python -m pytest -m soak $(PROPERTY)

containers: .venv/ready .venv/ready-dev  ## with Docker or Podman
	@$(PYTEST) -v --tb short tests/end_to_end/containers.py

check: .venv/ready
	@.venv/bin/python -m bot check

evaluate: .venv/ready build/encoder/ready  ## numbers, and a report with plots in build/evaluation/
	@.venv/bin/python -m bot evaluate $(FILES)

telegram-demo: environments
	@.venv/bin/python -m stand_ins.telegram.demo

zalo-demo: environments
	@.venv/bin/python -m stand_ins.zalo.demo

zalo-bot-demo: environments
	@.venv/bin/python -m stand_ins.zalo_bot.demo

environments: .venv/ready .venv/ready-dev build/encoder/ready

.venv/ready: requirements.lock
	@echo "Setting up the bot's environment (.venv): about half a minute"
	@$(PYTHON) -c 'import sys; raise SystemExit("The bot needs Python 3.11 or newer: install it, or name it with make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP) -r requirements.lock
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@echo "Setting up the tools of the checks (.venv)"
	@.venv/bin/python $(PIP) -r requirements-dev.lock
	@touch $@

.venv-rasa/ready: nlu/requirements.lock .venv/ready
	@echo "Setting up Rasa's environment (.venv-rasa): two to five minutes, once"
	@python310=$$(nlu/find_python.sh) && "$$python310" -m venv .venv-rasa
	@.venv-rasa/bin/python $(PIP) -r nlu/requirements.lock
	@.venv-rasa/bin/python -m nlu.arithmetic.openblas
	@touch $@

build/encoder/ready: .venv-rasa/ready $(wildcard nlu/encoder/*.py) nlu/encoder/calibration.npz
	@.venv-rasa/bin/python -m nlu.encoder.files
	@touch $@

COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header $(UPGRADE)

lock: UPGRADE := --upgrade
lock: relock  ## new versions, with hashes and without index addresses

relock:  ## the locks after a change of pyproject.toml; what is in them keeps its version
	$(COMPILE) --python-version 3.11 pyproject.toml -o requirements.lock
	$(COMPILE) --python-version 3.11 --group dev --constraints requirements.lock -o requirements-dev.lock
	$(COMPILE) --python-version 3.10 --group rasa -o nlu/requirements.lock
	$(COMPILE) --python-version 3.10 --no-deps --group rasa-image -o nlu/image.lock

clean:
	rm -rf .venv .venv-rasa build models
