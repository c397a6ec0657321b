# Each target is a single command. `make test` is what CI runs.
# Plain `cargo test` also builds the stand-in agent of the end-to-end tests; with --all-targets it would not.
CARGO ?= cargo

# Every target that is described, and one that others need.
.PHONY: dist-linux $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## The release binary: target/release/logagent-exporter
	$(CARGO) build --locked --release

static = x86_64-unknown-linux-musl
build-static: ## The static release binary, the same on each machine: target/x86_64-unknown-linux-musl/release/logagent-exporter
	scripts/static $(static)

dist: ## What a release consists of, into target/dist: tarball, deb, rpm, image, zip for Windows, bill of materials, licenses, checksums
	scripts/dist

# The dependencies of the install tests below.
dist-linux:
	scripts/dist $(static)

dist-glibc: ## A tarball whose program resolves names as glibc does, for this machine's glibc and newer ones
	scripts/dist x86_64-unknown-linux-gnu

# End-to-end tests mostly wait: for processes that start, and for answers that take long.
test: export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))
test: test-deps lint ## Everything that must pass: lint and all tests, on a machine with nothing but Rust
	$(CARGO) test --locked --workspace
	$(MAKE) test-dashboards test-page

# node_modules of the dashboards' tests, according to the lock file; npm writes the second file last.
node_modules = tests/dashboards/node_modules/.package-lock.json
$(node_modules): tests/dashboards/package-lock.json
	cd tests/dashboards && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --cache ../../.cache/npm
	touch $@

HISTORIES ?= 2000
test-alerts: test-deps ## 2,000 random fleets through the rules and a real Alertmanager: is everybody told of (`make test` has 50; SEED=1)
	HISTORIES=$(HISTORIES) $(CARGO) test --locked --test histories -- --nocapture

test-dashboards: test-deps $(node_modules) ## Dashboards in a real browser over a real Prometheus; pictures in target/dashboards
	$(CARGO) test --locked --test it scrapes
	node --test tests/dashboards/dashboards.test.mjs

pictures: test-deps $(node_modules) ## Takes the pictures of the dashboards in docs/images anew, from the data of their tests
	$(CARGO) test --locked --test it scrapes
	UPDATE=1 node --test --test-name-pattern=pictures tests/dashboards/dashboards.test.mjs

tests/page/node_modules/.package-lock.json: tests/page/package-lock.json
	cd tests/page && npm ci --ignore-scripts --no-audit --no-fund --cache ../../.cache/npm
	touch $@

test-page: test-deps tests/page/node_modules/.package-lock.json ## The status page in a real browser, with axe; pictures in target/page
	$(CARGO) test --locked --test it pages
	node --test tests/page/page.test.mjs

page-pictures: ## Takes the pictures of the status page in docs/images anew, from machines of the tests
	UPDATE=1 $(MAKE) test-page

dashboards: ## Writes dashboards/*.json from dashboards/generator
	node dashboards/generator/main.mjs

bench-fleet: test-deps $(node_modules) ## Rules and dashboards over 1,000 and 10,000 hosts; writes docs/fleet.md (20 min, 4 GB of memory, 2 GB of disk)
	$(CARGO) test --locked --test it scrapes
	node benches/fleet/fleet.mjs

test-systemd: build-static ## The unit under a real systemd as PID 1, and attacked there by a user without privileges (as root)
	scripts/machines debian
	cd tests/installs && ../../scripts/python -m unittest test_systemd test_attacks

test-packages: dist-linux ## Packages installed, scraped, upgraded, removed on machines under systemd and in an empty root (as root)
	scripts/machines debian
	scripts/machines tools
	cd tests/installs && ../../scripts/python -m unittest --verbose test_packages test_sbom

test-image: dist-linux ## The image in a real dockerd beside an agent of the host (as root)
	scripts/machines tools
	cd tests/installs && ../../scripts/python -m unittest --verbose test_image

test-containers: ## Agents in containers of a real dockerd and podman, beside the exporter on the host and in their pod (as root)
	scripts/machines tools
	$(CARGO) build --locked --bin logagent-exporter --example stand-in
	cd tests/installs && ../../scripts/python -m unittest --verbose test_containers

# node_modules of the chart's tests, according to the lock file.
operator_schemas = tests/installs/node_modules/.package-lock.json
$(operator_schemas): tests/installs/package-lock.json
	cd tests/installs && npm ci --ignore-scripts --no-audit --no-fund --cache ../../.cache/npm
	touch $@

test-chart: test-deps $(operator_schemas) ## Helm chart, plain manifests, mixin, release workflow: rendered by Helm and jsonnet themselves, and valid; the role linted (as root)
	cd tests/installs && ../../scripts/python -m unittest --verbose test_chart test_mixin test_release test_lint

test-ansible: dist-linux ## The Ansible role against a real systemd, twice (as root)
	scripts/machines debian
	scripts/machines tools
	cd tests/installs && ../../scripts/python -m unittest --verbose test_ansible

test-cross: build-static dist-glibc ## The artefacts for arm64 and for glibc; the one for arm64 runs under qemu (as root)
	scripts/dist aarch64-unknown-linux-musl
	{ command -v qemu-aarch64-static && command -v readelf; } >/dev/null || apt-get install -qq -y --no-install-recommends qemu-user-static binutils
	cd tests/installs && ../../scripts/python -m unittest --verbose test_cross test_glibc

build-windows: ## The program for Windows, the same on each machine: target/x86_64-pc-windows-gnu/release/logagent-exporter.exe
	scripts/windows release

# Beside a target of tests the program is built with the features that they need of crates, which are built once.
# What is left out, and why: docs/windows.md.
test-wine-unit: ## Unit tests for Windows under Wine (as root)
	scripts/windows cargo test --no-run --lib --test architecture
	scripts/windows cargo test --lib -- --skip http::tests::crowd --skip http::tests::events --skip a_reset_instead --skip blind

test-wine: test-wine-unit ## The same, and the program there, beside a stand-in Logtail that is a real service (as root)
	cd tests/installs && ../../scripts/python -m unittest --verbose test_windows

test-windows: test-wine ## The same, and the zip for Windows, from which it is installed as a service there (as root)
	scripts/dist x86_64-pc-windows-gnu
	cd tests/installs && ../../scripts/python -m unittest --verbose test_windows_install

test-reproducible: ## All artefacts of the commit, built twice in different places: the same bytes
	scripts/reproducible

test-all: test test-systemd test-packages test-image test-containers test-chart test-ansible test-cross test-windows test-reproducible ## Everything, for hours on two cores (as root)

test-deps: ## What lint and tests need (Prometheus, shellcheck, iproute2, strace), into .cache where possible
	scripts/test-deps

lint: test-deps ## fmt, clippy, cargo deny, shellcheck; changes nothing
	scripts/lint

bless: ## Accept what the code renders now as golden files and generated documents; read the diff
	UPDATE=1 INSTA_UPDATE=always $(CARGO) test --locked --workspace --no-fail-fast

demo: test-deps ## Logtail, exporter, Prometheus, Alertmanager on a machine of their own; prints what to open
	scripts/demo up

CAUSE ?= worker_missing
demo-break: ## CAUSE=worker_missing: breaks the demo, and follows that until the page arrives; it stays broken
	scripts/demo break $(CAUSE)

demo-heal: ## Undoes what demo-break has done, and follows that until the page is resolved
	scripts/demo heal

demo-stop: ## Ends the demo
	scripts/demo stop

bench: ## Measures beside node, process and blackbox exporters; writes docs/benchmarks.md (20 min; BENCH_QUICK=1: 3 min, BENCH_ONLY=push,log: these alone, both print only)
	scripts/peers
	$(MAKE) build-static build
	$(CARGO) build --locked --release --target $(static) --example bare-server
	# cargo bench builds others in their place
	cp "$${CARGO_TARGET_DIR:-target}/release/logagent-exporter" .cache/peers/logagent-exporter-glibc
	cp "$${CARGO_TARGET_DIR:-target}/$(static)/release/logagent-exporter" .cache/peers/
	cp "$${CARGO_TARGET_DIR:-target}/$(static)/release/examples/bare-server" .cache/peers/
	BENCH_EXPORTER="$$PWD/.cache/peers/logagent-exporter" BENCH_EXPORTER_GLIBC="$$PWD/.cache/peers/logagent-exporter-glibc" \
		BENCH_BARE_SERVER="$$PWD/.cache/peers/bare-server" $(CARGO) bench --locked --bench peers

test-faults: test-deps build-static ## FAULTS_MINUTES=3: what happens to hosts, done to the exporter; FAULTS_WRITE=1 writes docs/faults.md (sets the clock: FAULTS_CLOCK=0)
	$(CARGO) build --locked --example stand-in
	EXPORTER="$${CARGO_TARGET_DIR:-$$PWD/target}/$(static)/release/logagent-exporter" $(CARGO) test --locked --test faults

test-bounds: test-deps build-static ## Each bound of SECURITY.md reached, and what that costs; BOUNDS_WRITE=1 writes it there (as root)
	$(CARGO) build --locked --example stand-in
	EXPORTER="$${CARGO_TARGET_DIR:-$$PWD/target}/$(static)/release/logagent-exporter" $(CARGO) test --locked --test bounds

function-order: ## Lists the functions that a running exporter executes, which the static program has next to each other; after larger changes (as root)
	scripts/function-order

fuzz: test-deps ## FUZZ_SECONDS=180: explores each fuzz target so long with the nightly compiler, and keeps a small corpus
	scripts/fuzz $(or $(FUZZ_SECONDS),180)

doc: ## The code's documentation: target/doc/logagent_exporter/index.html
	$(CARGO) doc --locked --no-deps --document-private-items

clean: ## Removes target/ and .cache/
	$(CARGO) clean
	rm -rf .cache
