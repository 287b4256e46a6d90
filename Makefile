# Two commands: `make run` opens the window, `make test` checks everything. Both make .venv ready first.
# Another Python than python3: make run PYTHON=python3.12. One test: make test ARGS="tests/source -k rewrite".

PYTHON ?= python3
ARGS ?=
READY := @command -v $(PYTHON) >/dev/null || { \
	echo "There is no $(PYTHON) here: Autograd Tutor needs Python 3.11 or newer (Debian, Ubuntu: apt-get install python3-venv)." >&2; \
	exit 1; }; $(PYTHON) tools/setup.py

.PHONY: run setup test test-all bench texts schema picture lock

run:
	$(READY) run $(ARGS)

setup:
	$(READY) setup

test:
	$(READY) test $(ARGS)

test-all:
	$(READY) test-all $(ARGS)

bench: setup
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m tests.benchmarks $(ARGS)
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m tests.benchmarks.window
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m tests.benchmarks.layout

texts: setup
	@.venv/bin/python tools/texts.py

schema: setup
	@.venv/bin/python -m tools.schema

picture: setup
	@.venv/bin/python main.py export lessons/00-slope/en.md -o docs/first-lesson.gif --answers --code --scale 1.25

lock: setup
	@.venv/bin/python tools/lock.py
