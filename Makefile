# The commands that people and CI call. Every target first installs the dependencies when
# the lock file is newer, and starts the development server when the configuration names it.

NODE := node --import tsx
SERVER := $(NODE) src/tools/dev_server.ts
MIGRATE := $(NODE) src/tools/migrate.ts
KEYS := $(NODE) src/tools/keys.ts
DENO := node_modules/.bin/deno
# The oldest supported PostgreSQL, in the folder of Debian and Ubuntu.
OLDEST := /usr/lib/postgresql/15/bin

# Targets run one after another even with -j: they share a server and a terminal.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help migrate rollback status roles migration schema check seed reindex prune maintain start stop reset psql \
	git-import git-export keys-generate keys-check keys-rotate keys-status keys-retire \
	generate verify lint test test-node test-deno test-faults bench build ok dependencies server

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

migrate: dependencies server ## Create the database if needed and apply pending migrations
	@$(MIGRATE) up

rollback: dependencies server ## Roll back the newest migration
	@$(MIGRATE) rollback

status: dependencies server ## List applied and pending migrations
	@$(MIGRATE) status

roles: dependencies server ## Grant the roles their privileges again, such as for roles created after the migrations
	@$(NODE) src/tools/roles.ts

# The environment carries the value: the shell must not read it as a program.
migration: export MIGRATION_NAME := $(value name)
migration: dependencies ## Write an empty migration: name=add_site
	@$(MIGRATE) new "$$MIGRATION_NAME"

schema: dependencies ## Write db/schema.sql, if a matching pg_dump is installed
	@$(MIGRATE) schema

check: dependencies server ## Check the connection, the migrations and the roles; json=1 for monitors
	@$(NODE) src/tools/check.ts $(if $(json),--json)

seed: dependencies server ## Add a small demonstration fleet; a second run changes nothing
	@$(NODE) src/tools/seed.ts

reindex: dependencies server ## Index the configurations that have no line index; all=1 rebuilds the whole index
	@$(NODE) src/tools/reindex.ts $(if $(all),--all)

prune: dependencies server ## Delete the configurations that the settings config_keep_… do not keep; dry=1 only lists them
	@$(NODE) src/tools/prune.ts $(if $(dry),--dry)

maintain: dependencies server ## Create the next partitions of the logs and drop expired ones; dry=1 only lists them
	@$(NODE) src/tools/maintain.ts $(if $(dry),--dry)

# The environment carries the names, as above.
git-import git-export: export REPOSITORY := $(value repo)
git-import git-export: export BRANCH := $(value branch)
git-import: dependencies server ## Import configurations from a git repository: repo=/srv/oxidized.git
	@$(NODE) src/tools/git.ts import "$$REPOSITORY" $${BRANCH:+"$$BRANCH"}

git-export: dependencies server ## Export new configurations to a git repository: repo=/srv/netraven.git
	@$(NODE) src/tools/git.ts export "$$REPOSITORY" $${BRANCH:+"$$BRANCH"}

keys-generate keys-retire: export KEY_ID := $(value id)
keys-generate: export KEY_FILE := $(value file)
keys-generate: dependencies ## Generate the missing key files, or a new key: id=2026b
	@$(KEYS) generate "$$KEY_ID" "$$KEY_FILE"

keys-check: dependencies server ## Compare the key ring with the database, and open every sealed value
	@$(KEYS) check

keys-rotate: dependencies server ## Reseal all values with the active key; other work continues
	@$(KEYS) rotate

keys-status: dependencies server ## List the keys, and the number of rows that each key seals
	@$(KEYS) status

keys-retire: dependencies server ## Retire a key that no longer seals any value: id=2026a
	@$(KEYS) retire "$$KEY_ID"

start: dependencies ## Start the development server, if it does not run
	@$(SERVER) start

stop: dependencies ## Stop the development server
	@$(SERVER) stop

reset: dependencies ## Delete the development server's data, and start the server again
	@$(SERVER) reset

psql: dependencies server ## Open psql on the configured database, as the owner of its tables
	@$(SERVER) psql

generate: dependencies ## Write src/generated from queries
	@$(NODE) src/tools/generate.ts

verify: dependencies ## Fail when src/generated or db/schema.sql is stale
	@$(NODE) src/tools/generate.ts --verify

lint: dependencies ## Check types on both runtimes, the documentation's examples, style and formatting
	node_modules/.bin/tsc -p tsconfig.json
	@$(NODE) tests/support/check_examples.ts
	$(DENO) check src/mod.ts
	$(DENO) lint
	$(DENO) fmt --check

test: dependencies ## Run the tests on Node and Deno; file=devices runs the files with that name
	@$(NODE) tests/run.ts --runtime all $(file)

test-node: dependencies ## Run the tests on Node
	@$(NODE) tests/run.ts --runtime node $(file)

test-deno: dependencies ## Run the tests on Deno
	@$(NODE) tests/run.ts --runtime deno $(file)

test-faults: export TEST_LONG := 1
test-faults: dependencies ## Run the fault and fuzz tests for longer, one at a time, on both runtimes
	@$(NODE) tests/run.ts --runtime all --jobs 1 faults graceful_stop

bench: dependencies ## Compare the layer with the bare driver, plain tables, git and other queues; part=history runs one suite
	@$(NODE) tests/bench/run.ts $(if $(part),--part $(part))

build: dependencies ## Write dist, the package for Node
	@$(NODE) src/tools/build.ts

ok: lint verify build ## Run everything that CI runs: lint, verify, build, test on the bundled and the oldest PostgreSQL
	@if [ -x $(OLDEST)/postgres ]; then \
		$(NODE) tests/run.ts --runtime all --server bundled --server $(OLDEST); \
	else \
		echo "$(OLDEST) has no PostgreSQL 15: the tests run on the bundled server only"; \
		$(NODE) tests/run.ts --runtime all; \
	fi

# npm keeps a copy of the lock file in node_modules: its age is the age of the installation.
dependencies: node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json
	@npm ci --no-audit --no-fund </dev/null >&2
	@touch $@

server:
	@$(SERVER) start --quiet
