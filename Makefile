# One target a task; `make` alone lists them.

GO      ?= go
BIN     := bin
LDFLAGS := -s -w

# Sizes of the benchmarks; CI takes small ones, to see that they run.
BENCHTIME ?= 1s
ACTIONS   ?= 10000,100000,1000000
QUICK     ?=
# What determinism compares: full, or modes, with one number of threads.
MATRIX    ?= full

export CGO_ENABLED := 0

.PHONY: help build bin/landscape-pipe bin/landscape-pipe-dag repro paper recipes heldout sizes thesis check fmt lint bench bench-peers check-training check-density determinism avx512 soak nightly clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: bin/landscape-pipe bin/landscape-pipe-dag ## static binaries bin/landscape-pipe and bin/landscape-pipe-dag

# The program alone, for a first look.
bin/landscape-pipe:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/landscape-pipe

# The helper, which only dag --render needs.
bin/landscape-pipe-dag:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/landscape-pipe-dag

repro: build ## reproduce the paper: data, networks, figures (the second run does nothing)
	$(BIN)/landscape-pipe repro

recipes: build ## the trends at equal loss and for a gradient tolerance beside ten epochs
	$(BIN)/landscape-pipe repro --params params.recipes.toml

paper: build ## the direct half of the paper: MNIST, FashionMNIST, CIFAR-10 and CIFAR-100 (prints an estimate first)
	$(BIN)/landscape-pipe repro -n --params params.paper.toml
	$(BIN)/landscape-pipe repro -k --params params.paper.toml

heldout: build ## accuracy on held-out objects of MNIST and CIFAR-10, as in the authors' second experiment
	$(BIN)/landscape-pipe repro -k --params params.heldout.toml

sizes: build ## how many objects are enough, beside m*, for 16 shapes of networks
	$(BIN)/landscape-pipe repro --params params.sizes.toml

thesis: build ## the norms of H and G during training of a thesis on MNIST, with seeds and on all objects (prints an estimate first)
	$(BIN)/landscape-pipe repro -n --params params.thesis.toml
	$(BIN)/landscape-pipe repro --params params.thesis.toml

check: build lint ## all tests: formatting, vet, unit, property, command-line
	$(GO) test -timeout 15m ./...

fmt: ## format the Go files
	$(GO) fmt ./...

lint: ## fail on unformatted files and on what vet, staticcheck and govulncheck find
	@files=$$(gofmt -l bench cmd internal pipeline stages tools *.go); if [ -n "$$files" ]; then echo "not formatted (make fmt): $$files"; exit 1; fi
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	$(GO) -C tools build -o ../$(BIN)/ honnef.co/go/tools/cmd/staticcheck golang.org/x/vuln/cmd/govulncheck
	$(BIN)/staticcheck ./...
	@timeout 300 $(BIN)/govulncheck ./...; code=$$?; \
	case $$code in 0 | 3) exit $$code;; *) echo "govulncheck: left out, since its database cannot be reached";; esac

bench: ## benchmarks: kernels, training, curvature, store, and the engine up to 1,000,000 actions
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) ./internal/... ./pipeline/... ./stages/...
	$(GO) run ./bench/engine scale -sizes $(ACTIONS)

check-training: ## 200 trainings each on MNIST and CIFAR-10 (LANDSCAPE_DATA) against the reference implementation's distribution (minutes)
	$(GO) test ./stages/train -run Distribution -distribution=full -timeout 60m -v

check-density: ## the band of the figure spectral_density against the exact densities of 20 networks (minutes)
	$(GO) test ./stages/figures -run BandCovers -bands=full -timeout 60m -v

determinism: ## every stage in nine modes × three numbers of threads, all digests compared (needs qemu-user-static)
	$(GO) test -run TestDeterminism -determinism=$(MATRIX) -timeout 60m -v .

avx512: ## the AVX-512 code in an emulated processor, for machines without it (minutes; needs Debian's bochs, says so)
	tools/avx512/run.sh

nightly: build ## what the nightly CI does, reports in nightly/ (needs qemu-user-static)
	PROGRAM=$(BIN)/landscape-pipe .github/nightly.sh

bench-peers: ## the same work in PyTorch, JAX, curvlinops and PyHessian, Ninja, Snakemake and DVC (QUICK=--quick: small)
	bench/peers/run.sh $(QUICK)

soak: ## kill runs at random moments, 500 times, and compare the digests with an undisturbed run
	$(GO) test ./pipeline/reliability -run Kill -kills 500 -timeout 60m -v

clean: ## remove the binaries (the store of results stays)
	rm -rf $(BIN)
