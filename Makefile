# What people and CI call. Every target first does what it needs: it installs the dependencies when
# the lock file is newer, and starts the development server when the configuration asks for one.

NODE := node --import tsx
SERVER := $(NODE) src/tools/dev_server.ts
MIGRATE := $(NODE) src/tools/migrate.ts
KEYS := $(NODE) src/tools/keys.ts
DENO := node_modules/.bin/deno
# The oldest PostgreSQL that is supported, where Debian and Ubuntu put it.
OLDEST := /usr/lib/postgresql/15/bin

# Targets follow one another even with -j: they share a server and a terminal.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help migrate rollback status roles migration schema check seed reindex prune maintain start stop reset psql \
	git-import git-export keys-generate keys-check keys-rotate keys-status keys-retire \
	generate verify lint test test-node test-deno test-faults bench build ok dependencies server

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

migrate: dependencies server ## Create the database if needed and apply pending migrations
	@$(MIGRATE) up

rollback: dependencies server ## Take back the newest migration
	@$(MIGRATE) rollback

status: dependencies server ## List applied and pending migrations
	@$(MIGRATE) status

roles: dependencies server ## Give the roles their rights again, as for roles that were made after the migrations
	@$(NODE) src/tools/roles.ts

# The value goes by environment: the shell must not read it as a program.
migration: export MIGRATION_NAME := $(value name)
migration: dependencies ## Write an empty migration: make migration name=add_site
	@$(MIGRATE) new "$$MIGRATION_NAME"

schema: dependencies ## Write db/schema.sql, where a matching pg_dump is found
	@$(MIGRATE) schema

check: dependencies server ## Try the connection and say what is wrong; json=1 for monitors
	@$(NODE) src/tools/check.ts $(if $(json),--json)

seed: dependencies server ## Add a small demonstration fleet; a second time changes nothing
	@$(NODE) src/tools/seed.ts

reindex: dependencies server ## Index the lines of configurations that are not; all=1 for those that are, too
	@$(NODE) src/tools/reindex.ts $(if $(all),--all)

prune: dependencies server ## Remove the configurations that the settings config_keep_… do not keep; dry=1 tells which
	@$(NODE) src/tools/prune.ts $(if $(dry),--dry)

maintain: dependencies server ## Make the parts of the logs to come, drop those that are too old; dry=1 tells which
	@$(NODE) src/tools/maintain.ts $(if $(dry),--dry)

# Names go by environment, as above.
git-import git-export: export REPOSITORY := $(value repo)
git-import git-export: export BRANCH := $(value branch)
git-import: dependencies server ## Import histories from a git repository: repo=/srv/oxidized.git
	@$(NODE) src/tools/git.ts import "$$REPOSITORY" $${BRANCH:+"$$BRANCH"}

git-export: dependencies server ## Export histories to a git repository, or what came since: repo=/srv/netraven.git
	@$(NODE) src/tools/git.ts export "$$REPOSITORY" $${BRANCH:+"$$BRANCH"}

keys-generate keys-retire: export KEY_ID := $(value id)
keys-generate: export KEY_FILE := $(value file)
keys-generate: dependencies ## Make the key files that are missing, or a new key: id=2026b
	@$(KEYS) generate "$$KEY_ID" "$$KEY_FILE"

keys-check: dependencies server ## Compare the key ring with the database, and open every sealed value
	@$(KEYS) check

keys-rotate: dependencies server ## Seal everything anew with the active key, while others work
	@$(KEYS) rotate

keys-status: dependencies server ## List the keys, and how many rows each one seals
	@$(KEYS) status

keys-retire: dependencies server ## Give up a key that seals nothing any more: id=2026a
	@$(KEYS) retire "$$KEY_ID"

start: dependencies ## Start the development server, unless it runs
	@$(SERVER) start

stop: dependencies ## Stop the development server
	@$(SERVER) stop

reset: dependencies ## Remove the development server's data and start it anew
	@$(SERVER) reset

psql: dependencies server ## Open psql on the configured database, as the owner of its tables
	@$(SERVER) psql

generate: dependencies ## Write src/generated from queries
	@$(NODE) src/tools/generate.ts

verify: dependencies ## Fail when src/generated or db/schema.sql is stale
	@$(NODE) src/tools/generate.ts --verify

lint: dependencies ## Check types, on both runtimes, style and formatting
	node_modules/.bin/tsc -p tsconfig.json
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
test-faults: dependencies ## Run the tests of faults and of random input for long, one at a time, on both runtimes
	@$(NODE) tests/run.ts --runtime all --jobs 1 faults graceful_stop

bench: dependencies ## Measure the layer beside the bare driver, plain tables, git and other queues; part=history for one part
	@$(NODE) tests/bench/run.ts $(if $(part),--part $(part))

build: dependencies ## Write dist, the package for Node
	@$(NODE) src/tools/build.ts

ok: lint verify build ## Everything that CI asks for: lint, verify, build, test on the bundled and the oldest PostgreSQL
	@if [ -x $(OLDEST)/postgres ]; then \
		$(NODE) tests/run.ts --runtime all --server bundled --server $(OLDEST); \
	else \
		echo "PostgreSQL 15 is not in $(OLDEST): the tests run on the bundled server only"; \
		$(NODE) tests/run.ts --runtime all; \
	fi

# npm keeps a copy of the lock file in node_modules: its age is the age of the installation.
dependencies: node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json
	@npm ci --no-audit --no-fund </dev/null >&2
	@touch $@

server:
	@$(SERVER) start --quiet
