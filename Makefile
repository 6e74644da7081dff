# make demo                     the sample gallery, generated here, in the dashboard
# make demo IMAGES=~/Pictures   your own images
# make test                     the tests
# make check                    the quick ones: no browser, no network, a minute and a half
#
# Variables: PYTHON (3.11 or newer), VENV, IMAGES, DATA (directory of the library), PORT,
# WORKERS (processes that share the tests; one more than cores, since browsers and servers are waited for, four at
# most, where nothing is said)

PYTHON ?= python3
VENV ?= .venv
IMAGES ?=
DATA ?=
PORT ?= 8050
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); echo $$((n > 3 ? 4 : n + 1)))

RUN := $(VENV)/bin/python
# Named after what is installed: a changed requirements.txt installs, an unchanged one takes no time.
STAMP := $(VENV)/.installed-$(shell cksum < requirements.txt | cut -d' ' -f1)

# uv installs in a fraction of pip's time, but knows nothing of pip's settings: where there are any (an index of
# one's own, a proxy's certificate), or uv cannot, pip installs.
PIP := $(RUN) -m pip --disable-pip-version-check
INSTALL = { settings=$$($(PIP) config list) && ! echo "$$settings" | grep -E "index|find-links|cert|proxy|constraint|host" >/dev/null \
	&& $(PIP) install --quiet uv \
	&& $(RUN) -m uv pip install --quiet --python $(RUN) -r requirements.txt; } \
	|| $(PIP) install --quiet -r requirements.txt

.PHONY: demo test check setup clean

demo: setup
	@$(RUN) -m pipeline demo $(if $(IMAGES),"$(patsubst ~/%,$(HOME)/%,$(IMAGES))") $(if $(DATA),--data "$(DATA)") --port $(PORT)

# A hundred programs are started by the tests: compiled once, they start in half the time.
test check: export PYTHONDONTWRITEBYTECODE =

test: setup
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile

check: setup
	@$(RUN) -m pytest -n 2 --dist loadfile -m "not browser and not network and not slow"

setup: $(STAMP)

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Likeness needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the requirements into $(VENV); the first time takes a few minutes (about 7 GB on Linux)."
	@$(INSTALL)
	@rm -f $(VENV)/.installed-* && touch $@

clean:
	rm -rf $(VENV)
