# Everything a person types here. `make` alone lists it.

PYTHON ?= python3
BIN := .venv/bin
STACK := $(BIN)/python scripts/devstack.py
MANAGE := $(BIN)/python manage.py
COMPILE = .uv/bin/uv pip compile --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --quiet
ARGS ?=
# Migrations are judged for rolling updates from the last release on; before the first one there is nothing to update.
RELEASE := $(shell git describe --tags --abbrev=0 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install run demo test chaos tools lint lint-style lint-served lint-django migrated fmt browser shell mail sms sms-reply otp openapi messages bench lock clean reset

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install:
	@$(PYTHON) scripts/bootstrap.py

run: install  ## Run everything on http://localhost:8000 (PORT=8001 make run for another port)
	@exec $(STACK) run

demo:  ## Play the whole main job against the running system
	@$(STACK) exec -- $(MANAGE) play_demo $(ARGS)

# Three processes on two cores: a third of the time each waits for PostgreSQL or the browser. Who is done takes over
test: browser  ## Run the whole suite on its own servers (ARGS="tests/bookings -x" for a part)
	@$(STACK) services -- $(BIN)/pytest -n 3 --dist worksteal $(ARGS)

chaos: install  ## Kill the worker, beat, web, Valkey, PostgreSQL ... of a real system while it is used (15 minutes)
	@env -u DJANGO_SETTINGS_MODULE $(BIN)/pytest tests/chaos --confcutdir=tests/chaos -o DJANGO_SETTINGS_MODULE= \
		-n 0 -p no:randomly $(ARGS)

# Both parts side by side: make -j 2 lint
lint: lint-served lint-style  ## Style, types, contracts, migrations, dependencies, translations

tools:
	@$(PYTHON) scripts/bootstrap.py --with gettext

lint-style: tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	git ls-files -z '*.html' | xargs -0 -r $(BIN)/djade --check --target-version 5.2
	$(BIN)/deptry .
	$(BIN)/python scripts/messages.py check

lint-served: tools
	@$(STACK) services -- env -u MAKEFLAGS -u MFLAGS $(MAKE) --no-print-directory lint-django

# What the workers of `make test` would each wait for: the database and the compiled modules of tests, kept for the
# next run. Every test is collected, few are run.
migrated: tools
	@$(STACK) services -- $(BIN)/pytest -q -n 0 -k test_database.py

lint-django:
	$(BIN)/mypy .
	$(MANAGE) makemigrations --check --dry-run
	$(if $(RELEASE),$(MANAGE) lintmigrations --project-root-path . --git-commit-id $(RELEASE) --no-cache --quiet ok ignore,\
	@echo "no release yet: every migration is new")
	@mkdir -p .state
	$(MANAGE) spectacular --validate --fail-on-warn --file .state/openapi.yaml
	@diff -u docs/openapi.yaml .state/openapi.yaml || { echo "docs/openapi.yaml is stale: make openapi"; exit 1; }

fmt: install  ## Format the code and the templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files -z '*.html' | xargs -0 -r $(BIN)/djade --target-version 5.2

browser:  ## Install a Chromium for the browser tests, if there is none
	@$(PYTHON) scripts/bootstrap.py --with browser

shell:  ## Python shell in the running system
	@$(STACK) exec -- $(MANAGE) shell

mail:  ## The newest mail of the running system
	@$(STACK) exec -- sh -c '$(BIN)/python scripts/mailbox.py last --folder "$$MAILBOX_DIR"'

sms:  ## The newest SMS of the running system
	@$(STACK) exec -- $(BIN)/python scripts/sms.py last

sms-reply:  ## Answer the newest SMS as its reader would (TEXT="OUI 4821")
	@$(STACK) exec -- $(BIN)/python scripts/sms.py reply "$(TEXT)"

otp:  ## Second-factor codes of the demonstration accounts
	@$(STACK) exec -- $(MANAGE) demo_otp $(ARGS)

openapi: install  ## Write docs/openapi.yaml
	@$(STACK) services -- $(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml

messages:  ## Take new sentences into the translation catalogues, and compile them
	@$(PYTHON) scripts/bootstrap.py --with gettext
	@$(BIN)/python scripts/messages.py update
	@$(BIN)/python scripts/messages.py compile

bench: install  ## Measure the promises of benchmarks/ on servers that flush every commit (10 minutes)
	@$(STACK) services --durable -- $(BIN)/pytest benchmarks -p no:randomly -n 0 -s $(ARGS)

lock: install  ## Resolve the lock files again from pyproject.toml
	echo "uv==$$(.uv/bin/uv --version | cut -d' ' -f2)" | $(COMPILE) - -o requirements/uv.txt
	$(COMPILE) pyproject.toml --all-extras --group local --group test --group quality -o requirements/dev.txt
	$(COMPILE) pyproject.toml --all-extras -c requirements/dev.txt -o requirements/prod.txt

clean:  ## Remove what was installed or built; the data in .state/ stay
	rm -rf .venv .uv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

reset:  ## Forget the local data (database, queue, mails)
	@$(PYTHON) scripts/devstack.py reset
