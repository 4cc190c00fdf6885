# KubeMove: what a developer runs. "make" alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO ?= go
# The lab is a program of the e2e module; it finds the checkout by itself.
LAB = cd e2e && $(GO) run ./cmd/lab
# Said before Go's own list of downloads, which explains nothing.
FIRST_RUN = [ -d "$${KUBEMOVE_CACHE:-$$HOME/.cache/kubemove}/bin" ] || \
	echo "The first run fetches and compiles all it needs, Kubernetes too: about a quarter of an hour on two cores. Later runs take minutes."

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## compile everything; programs go to bin/
	$(GO) build ./...
	@mkdir -p bin
	@for dir in cmd/*/; do \
		[ -e "$$dir/main.go" ] || continue; \
		CGO_ENABLED=0 $(GO) build -trimpath -o bin/ "./$$dir" || exit 1; \
	done

.PHONY: cli
cli: ## compile kubectl-move into .kubemove/bin: kubectl move, or kubectl kubemove
	@mkdir -p .kubemove/bin
	CGO_ENABLED=0 $(GO) build -trimpath -o .kubemove/bin/ ./cmd/kubectl-move
	@ln -sf kubectl-move .kubemove/bin/kubectl-kubemove

.PHONY: release
release: ## archives of kubectl-move, checksums and krew's manifest in .kubemove/release; VERSION=v1.2.3; uploads nothing
	rm -rf .kubemove/release
	$(GO) run ./hack/release -version "$(VERSION)" -platforms "$(RELEASE_PLATFORMS)" -out .kubemove/release
	hack/release/try.sh .kubemove/release

.PHONY: test
test: ## tests that need no root and no cluster
	$(GO) test -timeout 30m ./...
	cd hooks/metacontroller/conformance && $(GO) test -count=1 ./...
	cd e2e && $(GO) test ./lab/... ./demo/... ./bench/... ./corpus/... ./audit/... ./scale/... ./many/... ./outage/... ./cmd/picture

.PHONY: verify
verify: ## are generated files current, is the code clean?
	@if [ -x hack/verify.sh ]; then hack/verify.sh; else echo "hack/verify.sh does not exist yet"; fi

.PHONY: lint
lint: ## the part of verify that reads code; LINT_ARGS=--fix corrects what it can
	@hack/lint.sh $(LINT_ARGS)

.PHONY: e2e
e2e: ## tests against two real clusters; E2E_ARGS='-run TestSmoke' for some of them
	@$(FIRST_RUN)
	e2e/test.sh -timeout 75m -parallel 4 -skip '$(LONG)' $(E2E_ARGS) .
# Other targets run these: each takes many minutes, and what it covers rarely breaks alone.
LONG = ^Test(Fault|BadInput|Foresight|NextRelease|ObjectsChangeAlone|PredictedDowntime|WayBackBytes|BandwidthLimit|$(JOURNEYS))|$(PARTS)
JOURNEYS = Live|TwoLiveTargets|ThereAndBack|Reapply|BlueGreenPage|DeletionPolicy|Fidelity|LegacyVolume|RequestedRun|TwoEnginesOfOneName|RepositoryClaim
PARTS = ^TestPostgresLive$$/^page$$|^TestFirstMove$$/^kubectl$$|^TestTransport$$/^(no_node_ports|load_balancer|unknown_to_all)$$

.PHONY: e2e-long
e2e-long: ## what make e2e leaves out: live moves under load, there and back twice, two targets, every kind of file, other routes
	e2e/test.sh -timeout 150m -parallel 2 -run '^Test($(JOURNEYS))$$|$(PARTS)' $(E2E_ARGS) .

.PHONY: e2e-inputs
e2e-inputs: ## mistakes that people make: told, repaired, and the move goes on by itself
	e2e/test.sh -timeout 60m -parallel 8 -run '^TestBadInput' $(E2E_ARGS) .

.PHONY: e2e-foresight
e2e-foresight: ## applications whose move the plan has to warn of, or that change while they move
	e2e/test.sh -timeout 60m -parallel 5 -run '^Test(Foresight|NextRelease|ObjectsChangeAlone)' $(E2E_ARGS) .

.PHONY: e2e-faults
e2e-faults: ## the long ones: parts killed, routes cut, volumes filled, an API server stopped in the middle of a move; with a report
	e2e/test.sh -timeout 120m -parallel 3 -run '^TestFault' $(E2E_ARGS) .

.PHONY: e2e-many
e2e-many: ## 1,000 live MoveEngines in one Metacontroller at an API server alone: requests, time, memory; a quarter of an hour
	e2e/test.sh -tags many -timeout 45m -run '^TestManyEngines$$' $(E2E_ARGS) ./many

.PHONY: e2e-cli
e2e-cli: ## each command of kubectl-move against an API server alone, by scripts; a minute, no root
	e2e/test.sh -tags cli -timeout 15m -skip '^TestCLI$$/^Thousand$$|^TestDashboard$$' $(E2E_ARGS) ./cli

.PHONY: e2e-dashboard
e2e-dashboard: ## kubectl move dashboard in a headless Chromium, which is installed where there is none (root); a minute
	e2e/test.sh -tags cli -timeout 15m -run '^TestDashboard$$' $(E2E_ARGS) ./cli

.PHONY: picture
picture: cli ## pictures of the dashboard and of status --watch, to .kubemove/picture; PICTURE_ARGS='-kubeconfig F -move NAME' for a real move
	cd e2e && $(GO) run ./cmd/picture -program "$(CURDIR)/.kubemove/bin/kubectl-move" -out "$(CURDIR)/.kubemove/picture" $(PICTURE_ARGS)

.PHONY: e2e-downtime
e2e-downtime: ## the predicted downtime against the measured one, of ten databases with up to 4 GiB; takes an hour and 20 GiB
	e2e/test.sh -timeout 180m -run '^TestPredictedDowntime$$' $(E2E_ARGS) .

.PHONY: e2e-bytes
e2e-bytes: ## what crosses the link on the way back of 4 GiB of which 1 % was changed, and with a limited rate; takes 20 GiB
	e2e/test.sh -timeout 60m -run '^Test(WayBackBytes|BandwidthLimit)$$' $(E2E_ARGS) .

.PHONY: corpus
corpus: ## is anything lost on the way through an API server? make corpus DIR=manifests for yours; CORPUS_ARGS=-v
ifdef DIR
	@cd e2e && $(GO) run ./cmd/corpus $(CORPUS_ARGS) "$(abspath $(DIR))"
else
	e2e/test.sh -tags corpus -run '^Test(Corpus|Rules)$$' ./corpus
endif

.PHONY: bench-restic
bench-restic: ## KubeMove's copy of a volume against restic alone; BENCH_ARGS='-pairs 1' for less
	@cd e2e && $(GO) run ./cmd/bench $(BENCH_ARGS)

.PHONY: bench-session
bench-session: ## a run of a short interval in which nothing changed, against restic alone; requests and CPU of it
	@cd e2e && $(GO) run ./cmd/bench -idle 6 $(BENCH_ARGS)

.PHONY: bench-objects
bench-objects: ## how fast a namespace of 5,000 objects is planned and applied; BENCH_ARGS='-rounds 1' for less
	@cd e2e && $(GO) run ./cmd/bench-objects $(BENCH_ARGS)

.PHONY: bench-status
bench-status: ## kubectl move status -A of 1,000 moves, in two seconds and with a few requests, at an API server alone
	e2e/test.sh -tags cli -timeout 15m -run '^TestCLI$$/^Thousand$$' ./cli

.PHONY: up
up: ## two clusters, src and dst, with KubeMove in src
	@$(FIRST_RUN)
	@$(LAB) up

.PHONY: demo
demo: ## see KubeMove move a PostgreSQL from one cluster to another; brings them up
	@$(FIRST_RUN)
	@cd e2e && $(GO) run ./cmd/demo

.PHONY: demo-down
demo-down: ## end the demo's clusters and leave nothing
	@cd e2e && $(GO) run ./cmd/demo down

.PHONY: down
down: ## end the clusters and remove what belongs to them
	@$(LAB) down

.PHONY: status
status: ## do the clusters answer?
	@$(LAB) status

.PHONY: load-image
load-image: ## put an image into both clusters: make load-image TAR=image.tar
	@test -n "$(TAR)" || { echo "no TAR given: make load-image TAR=image.tar (from docker save)"; exit 2; }
	@$(LAB) load-image "$(abspath $(TAR))"

.PHONY: clean
clean: ## remove bin/ (compiled cluster programs stay in ~/.cache/kubemove)
	rm -rf bin

.PHONY: record
record: ## record golden requests of the hooks from the real Metacontroller
	e2e/record.sh

.PHONY: mutants
mutants: ## put repaired faults back, one at a time: do the tests find each?
	$(GO) run ./hack/mutants $(MUTANTS)

.PHONY: simulate
simulate: ## the cutover against a model of two clusters: make simulate SEEDS=100000 FROM=1
	$(GO) test -count=1 ./internal/steps/cutover -run TestSimulation -v -seeds $(or $(SEEDS),100000) -from $(or $(FROM),1)
