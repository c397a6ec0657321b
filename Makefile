# Each target is a line that one could type. `make test` is what CI runs.
# Plain `cargo test` also builds the stand-in agent of the end-to-end tests; with --all-targets it would not.
CARGO ?= cargo

.PHONY: help build test test-deps lint bless bench doc clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## The release binary: target/release/logagent-exporter
	$(CARGO) build --locked --release

test: test-deps lint ## Everything that must pass: lint and all tests, on a machine with nothing but Rust
	$(CARGO) test --locked

test-deps: ## What lint and tests need (Prometheus, shellcheck, iproute2), into .cache where possible
	scripts/test-deps

lint: test-deps ## fmt, clippy, cargo deny, shellcheck; changes nothing
	scripts/lint

bless: ## Accept what the code renders now as golden files and generated documents; read the diff
	UPDATE=1 INSTA_UPDATE=always $(CARGO) test --locked --no-fail-fast

bench: ## Measures beside node, process and blackbox exporters; writes docs/benchmarks.md (20 min; BENCH_QUICK=1: 2 min, prints only)
	scripts/peers
	$(CARGO) build --locked --release
	cp "$${CARGO_TARGET_DIR:-target}/release/logagent-exporter" .cache/peers/ # cargo bench builds another in its place
	BENCH_EXPORTER="$$PWD/.cache/peers/logagent-exporter" $(CARGO) bench --locked --bench peers

doc: ## The code's documentation: target/doc/logagent_exporter/index.html
	$(CARGO) doc --locked --no-deps --document-private-items

clean: ## Removes target/ and .cache/
	$(CARGO) clean
	rm -rf .cache
