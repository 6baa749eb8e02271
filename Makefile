# Everything is installed into .venv; only `make test` wants system packages, and asks
# apt for them only where it may.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help venv cuda demo test lint bench bench-gpu test-openvino fuzz lab clean

help:
	@echo 'make demo    swap the sample portraits; look at demo/sheet.png'
	echo 'make test    lint, types, import rules, tests with coverage'
	echo 'make lint    the first three of these'
	echo 'make bench   measure quality, speed, memory, steadiness (about 6 minutes)'
	echo 'make bench-gpu  the same of stand-ins on a GPU (about 6 minutes, no network)'
	echo 'make test-openvino  the provider openvino, in an environment of its own'
	echo 'make fuzz    parsers of policies and manifests, a minute each'
	echo 'make lab     boot machines with all of it installed, and try it there (root, 25 minutes)'
	echo 'make cuda    compile the kernels of our own for NVIDIA GPUs (a minute)'
	echo 'make venv    only install'
	echo 'make clean   remove what was made, but not .venv'

# $(call debian,PROGRAM,PACKAGE): have PROGRAM, from Debian where we are root.
define debian
	if ! command -v $(1) >/dev/null; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq && apt-get install -y -qq --no-install-recommends $(2)
		else
			echo 'Missing: $(1). Install the package $(2), then run make again.' >&2
			exit 1
		fi
	fi
endef

.venv/bin/python:
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		echo 'Python 3.11 or newer is needed; name it with make PYTHON=…' >&2
		exit 1
	fi
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv
		else
			echo 'Missing: venv. Install the package python3-venv, then run make again.' >&2
			exit 1
		fi
	fi
	$(PYTHON) -m venv .venv

# Stamps: pip is asked again only when pyproject.toml has changed.
.venv/.runtime: pyproject.toml | .venv/bin/python
	@$(BIN)/pip install --quiet --editable .
	touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	@$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ .venv/.runtime

# OpenVINO's build of ONNX Runtime and the one with CUDA are the same package to Python.
.cache/openvino/.ready: pyproject.toml | .venv/.runtime
	@rm -rf .cache/openvino
	$(PYTHON) -m venv .cache/openvino
	$(BIN)/python -m tests.requirements onnxruntime-gpu >.cache/openvino/requirements.txt
	.cache/openvino/bin/pip install --quiet --requirement .cache/openvino/requirements.txt
	.cache/openvino/bin/pip install --quiet --no-deps --editable .
	touch $@

venv: .venv/.dev

# The compiler of the system, or NVIDIA's wheels of it.
KERNELS := appliance/inference/kernels
$(KERNELS)/libfused.so: $(addprefix $(KERNELS)/,fused.cu operators.cpp fused.h) $(wildcard $(KERNELS)/vendor/*.h) | .venv/bin/python
	@nvcc="$$(command -v nvcc || true)"
	if [ -z "$$nvcc" ]; then
		$(call debian,g++,g++)
		$(BIN)/pip install --quiet --editable '.[kernels]'
		nvcc="$$(echo .venv/lib/python3*/site-packages/nvidia/cu13/bin/nvcc)"
	fi
	"$$nvcc" -O3 -std=c++17 -arch=all-major --threads 0 -cudart static -shared \
		-Xcompiler -fPIC,-fvisibility=hidden -L"$$(dirname "$$nvcc")/../lib" -o $@ $(filter-out %.h,$^)

cuda: $(KERNELS)/libfused.so

demo: .venv/.runtime
	@$(BIN)/appliance demo

lint: .venv/.dev
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint cuda
	@$(call debian,strace,strace)
	$(call debian,go,golang-go golang-golang-x-mod-dev)
	$(call debian,swtpm,swtpm)
	$(call debian,tpm2_nvincrement,tpm2-tools libtss2-tcti-swtpm0)
	$(call debian,minisign,minisign)
	$(call debian,nft,nftables)
	$(call debian,ip,iproute2)
	$(call debian,systemd-analyze,systemd)
	$(call debian,pdftoppm,poppler-utils)
	$(call debian,softhsm2-util,softhsm2)
	$(call debian,cryptsetup,cryptsetup-bin)
	$(call debian,blkdiscard,util-linux)
	if ! $(BIN)/python -c 'import systemd.journal' 2>/dev/null; then
		$(call debian,libsystemd,gcc libsystemd-dev pkg-config python3-dev)
		$(BIN)/pip install --quiet --editable '.[systemd]'
	fi
	$(BIN)/python -m tests.fetch
	$(BIN)/python -m pytest --cov

bench: .venv/.runtime .cache/openvino/.ready
	@mkdir -p demo
	$(BIN)/python -m tests.fetch
	$(BIN)/python -m tests.bench.quality demo/quality.png
	$(BIN)/python -m tests.bench.photo
	$(BIN)/python -m tests.bench.preview
	$(BIN)/python -m tests.bench.video
	$(BIN)/python -m tests.bench.steadiness
	$(BIN)/python -m tests.bench.inference
	$(BIN)/python -m tests.bench.precisions
	.cache/openvino/bin/python -m tests.bench.precisions
	$(BIN)/python -m tests.bench.ledger
	$(BIN)/python -m tests.bench.seal

bench-gpu: .venv/.runtime
	@$(BIN)/python -m tests.bench.gpu

test-openvino: .cache/openvino/.ready
	@.cache/openvino/bin/python -m pytest tests/openvino

lab: .venv/.dev
	@$(call debian,mmdebstrap,mmdebstrap)
	$(call debian,mkfs.erofs,erofs-utils)
	$(call debian,modprobe,kmod)
	$(call debian,cpio,cpio)
	$(call debian,busybox,busybox-static)
	tests/lab/machine/prepare.sh .cache/lab
	$(BIN)/python -m pytest -s tests/lab --ignore=tests/lab/guest

fuzz: .venv/.dev
	@$(BIN)/pip install --quiet --editable '.[fuzz]'
	for parser in policy manifest; do
		$(BIN)/python -m tests.fuzz $$parser 60
	done

clean:
	rm -rf .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build demo dist ./*.egg-info
	find appliance tests -name __pycache__ -type d -prune -exec rm -rf {} +
