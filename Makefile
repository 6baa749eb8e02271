# Python packages are installed into .venv, from the locks in requirements/. Programs of the system
# that a target needs are installed with apt if make runs as root; otherwise the target names them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help venv lock wheel cuda demo kiosk kiosk-tour kiosk-monkey lint test test-kernels test-openvino second-reader lab lab-image fuzz \
	image image-lock image-check run-image \
	bench bench-gpu \
	clean

define HELP
make demo           swap the faces of the sample portraits; writes demo/sheet.png
make kiosk          practise with the whole appliance on its screen, on samples, without root
make test           lint, then all tests with coverage (up to 40 minutes on two cores)
make kiosk-tour     drives it through a whole visit without a screen; pictures in demo/kiosk/
make kiosk-monkey   touches the screen at random 100,000 times, while services answer at random
make lint           formatting, types, which package may import which
make test-kernels   the tests of the CUDA kernels, which it compiles first; needs no GPU
make test-openvino  the tests of the OpenVINO provider, in an environment of its own
make second-reader  compares released files with c2pa-node, which it installs by npm (a minute)
make lab            boots virtual machines with everything installed, and tests those (root, 25 minutes)
make fuzz           fuzzes our parsers of media, policies, manifests and records, one minute each
make bench          measures quality, hands, speed, memory and steadiness (about 14 minutes)
make bench-gpu      measures models of the published sizes on a GPU (about 6 minutes, no network)
make cuda           compiles the CUDA kernels (about a minute)
make venv           only installs what the other targets need
make lock           writes requirements/ again, after a change of dependencies in pyproject.toml
make image          builds the bootable image in dist/image, without a network once cached (root, 5 minutes)
make image-check    judges it: a line for each of its properties (root, 2 minutes)
make run-image      boots it in a window
make lab-image      boots it: a whole visit, updates, and what breaks it on purpose (root)
make image-lock     writes image-build/packages.lock again, from Debian's archive of today
make wheel          builds the wheel in dist/
make clean          deletes everything that was made, except .venv
endef
export HELP

help:
	@echo "$$HELP"

# $(call debian,PROGRAM,PACKAGES): makes sure that PROGRAM is there.
define debian
	if ! command -v $(1) >/dev/null; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq && apt-get install -y -qq --no-install-recommends $(2)
		else
			echo '$(1) is missing. Install $(2), then run make again.' >&2
			exit 1
		fi
	fi
endef

.venv/bin/python:
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		echo 'Python 3.11 or newer is needed: name one with make PYTHON=…' >&2
		exit 1
	fi
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv
		else
			echo 'The module venv is missing. Install python3-venv, then run make again.' >&2
			exit 1
		fi
	fi
	$(PYTHON) -m venv .venv

# $(call install,BIN,LOCK): the packages of requirements/LOCK.txt, each compared with its hash, and
# the project itself, built with the setuptools of requirements/build.txt.
define install
	$(1)/pip install --quiet --require-hashes -r requirements/build.txt -r requirements/$(2).txt
	$(1)/pip install --quiet --no-deps --no-build-isolation --editable .
endef

# The stamps save asking pip again while nothing has changed.
.venv/.runtime: pyproject.toml requirements/build.txt requirements/runtime.txt | .venv/bin/python
	@$(call install,$(BIN),runtime)
	touch $@

.venv/.dev: pyproject.toml requirements/build.txt requirements/dev.txt | .venv/bin/python
	@$(call install,$(BIN),dev)
	touch $@ .venv/.runtime

# In an environment of its own: to Python, ONNX Runtime with OpenVINO is the same package as ONNX
# Runtime with CUDA.
.cache/openvino/.ready: pyproject.toml requirements/build.txt requirements/openvino.txt
	@rm -rf .cache/openvino
	$(PYTHON) -m venv .cache/openvino
	$(call install,.cache/openvino/bin,openvino)
	touch $@

venv: .venv/.dev

lock: .venv/.dev
	@$(BIN)/python -m tools.lock

image: .venv/.runtime
	@$(call debian,mmdebstrap,mmdebstrap)
	$(call debian,depmod,kmod)
	$(call debian,readelf,binutils)
	$(call debian,openssl,openssl)
	image-build/build.sh .cache/image dist/image

image-check: .venv/.dev
	@$(call debian,sfdisk,fdisk)
	$(call debian,objcopy,binutils)
	$(call debian,mdir,mtools)
	$(call debian,fsck.vfat,dosfstools)
	$(BIN)/python -m tests.image_acceptance dist/image .cache/image

run-image:
	@$(call debian,qemu-system-x86_64,qemu-system-x86 qemu-system-gui ovmf)
	$(call debian,swtpm,swtpm)
	image-build/run.sh dist/image $(DISC)

image-lock: .venv/.runtime
	@$(BIN)/python -m tools.image lock

wheel: .venv/.dev
	@rm -rf build
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# nvcc is the system's, or else comes from NVIDIA's packages.
KERNELS := appliance/inference/kernels
$(KERNELS)/libfused.so: $(addprefix $(KERNELS)/,fused.cu operators.cpp fused.h) $(wildcard $(KERNELS)/vendor/*.h) | .venv/bin/python
	@nvcc="$$(command -v nvcc || true)"
	if [ -z "$$nvcc" ]; then
		$(call debian,g++,g++)
		$(BIN)/pip install --quiet --require-hashes -r requirements/kernels.txt
		nvcc="$$(echo .venv/lib/python3*/site-packages/nvidia/cu13/bin/nvcc)"
	fi
	"$$nvcc" -O3 -std=c++17 -arch=all-major --threads 0 -cudart static -shared \
		-Xcompiler -fPIC,-fvisibility=hidden -L"$$(dirname "$$nvcc")/../lib" -o $@ $(filter-out %.h,$^)

cuda: $(KERNELS)/libfused.so

demo: .venv/.runtime
	@$(BIN)/appliance demo

# What Qt loads, for Wayland, for X11 and for no screen at all.
QT_LIBRARIES := libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0 \
	libwayland-cursor0 libwayland-egl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 \
	libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1

.venv/.kiosk: requirements/kiosk.txt .venv/.runtime
	@$(BIN)/pip install --quiet --require-hashes -r requirements/kiosk.txt
	touch $@

# Makes sure that Qt can be loaded.
define qt_libraries
	if ! $(BIN)/python -c 'import PySide6.QtQuick' 2>/dev/null; then
		$(call debian,qt-libraries,$(QT_LIBRARIES))
	fi
endef

kiosk: .venv/.kiosk
	@$(call qt_libraries)
	$(BIN)/appliance kiosk

kiosk-monkey: .venv/.dev
	@$(BIN)/python -m tests.kiosk.monkey 100000 "$${SEED:-17}"

kiosk-tour: .venv/.kiosk
	@$(call qt_libraries)
	$(BIN)/python -m tests.kiosk.tour demo/kiosk

lint: .venv/.dev
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint
	@$(call debian,strace,strace)
	$(call debian,go,golang-go golang-golang-x-mod-dev)
	$(call debian,swtpm,swtpm)
	$(call debian,tpm2_nvincrement,tpm2-tools libtss2-tcti-swtpm0)
	$(call debian,minisign,minisign)
	$(call debian,nft,nftables)
	$(call debian,ip,iproute2)
	$(call debian,udevadm,udev)
	$(call debian,usbguard-daemon,usbguard)
	$(call debian,umockdev-wrapper,umockdev)
	$(call debian,modprobe,kmod)
	$(call debian,systemd-analyze,systemd)
	$(call debian,pdftoppm,poppler-utils)
	$(call debian,softhsm2-util,softhsm2)
	$(call debian,dciodvfy,dicom3tools)
	$(call debian,dcmj2pnm,dcmtk)
	$(call debian,gdcmconv,libgdcm-tools)
	$(call debian,xmllint,libxml2-utils)
	$(call debian,cryptsetup,cryptsetup-bin)
	$(call debian,mcopy,mtools)
	$(call debian,fsck.vfat,dosfstools)
	$(call debian,sgdisk,gdisk)
	$(call debian,sfdisk,fdisk)
	$(call debian,mkfs.erofs,erofs-utils)
	$(call debian,blkdiscard,util-linux)
	$(call debian,age,age)
	$(call debian,openssl,openssl)
	$(call debian,xorriso,xorriso)
	$(call debian,genisoimage,genisoimage)
	$(call debian,mkudffs,udftools)
	$(call debian,exiftool,libimage-exiftool-perl)
	$(call debian,ffprobe,ffmpeg)
	$(call qt_libraries)
	$(call debian,grim,grim)
	tests/kiosk/cage.sh .cache/cage
	if ! $(BIN)/python -c 'import systemd.journal' 2>/dev/null; then
		$(call debian,libsystemd,gcc libsystemd-dev pkg-config python3-dev)
		$(BIN)/pip install --quiet --editable '.[systemd]'
	fi
	$(BIN)/python -m tests.fetch
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --durations 25 --cov

bench: .venv/.runtime .cache/openvino/.ready
	@mkdir -p demo
	$(BIN)/python -m tests.fetch
	$(BIN)/python -m tests.bench.quality demo/quality.png
	$(BIN)/python -m tests.bench.photo
	$(BIN)/python -m tests.bench.preview
	$(BIN)/python -m tests.bench.video
	$(BIN)/python -m tests.bench.steadiness
	$(BIN)/python -m tests.bench.hands
	$(BIN)/python -m tests.bench.repeatability
	$(BIN)/python -m tests.bench.simulation_accuracy
	$(BIN)/python -m tests.bench.simulation_identity
	$(BIN)/python -m tests.bench.simulation_speed
	$(BIN)/python -m tests.bench.slider
	$(BIN)/python -m tests.bench.screen_slider
	$(BIN)/python -m tests.bench.simulation
	$(BIN)/python -m tests.bench.inference
	$(BIN)/python -m tests.bench.precisions
	.cache/openvino/bin/python -m tests.bench.precisions
	$(BIN)/python -m tests.bench.ledger
	$(BIN)/python -m tests.bench.seal
	$(BIN)/python -m tests.bench.watermark
	$(BIN)/python -m tests.bench.release

bench-gpu: .venv/.runtime
	@$(BIN)/python -m tests.bench.gpu

test-openvino: .cache/openvino/.ready
	@.cache/openvino/bin/python -m pytest tests/openvino

# Its lock has the hash of each package, and none of their scripts is run.
.cache/second-reader/.ready: tests/second_reader/package.json tests/second_reader/package-lock.json
	@$(call debian,npm,nodejs npm)
	rm -rf .cache/second-reader
	mkdir -p .cache/second-reader
	cp $^ .cache/second-reader
	npm ci --prefix .cache/second-reader --ignore-scripts --no-audit --no-fund
	touch $@

second-reader: .venv/.dev .cache/second-reader/.ready
	@cp tests/second_reader/read.mjs .cache/second-reader
	$(BIN)/python -m pytest tests/second_reader

test-kernels: .venv/.dev $(KERNELS)/libfused.so
	@$(BIN)/python -m pytest tests/kernels

lab: .venv/.dev
	@$(call debian,mmdebstrap,mmdebstrap)
	$(call debian,mkfs.erofs,erofs-utils)
	$(call debian,modprobe,kmod)
	$(call debian,cpio,cpio)
	$(call debian,busybox,busybox-static)
	$(call debian,xorriso,xorriso)
	$(call debian,tesseract,tesseract-ocr)
	$(call debian,grim,grim)
	$(call debian,wlr-randr,wlr-randr)
	tests/kiosk/cage.sh .cache/cage
	tests/lab/machine/prepare.sh .cache/lab
	$(BIN)/python -m pytest -s -o faulthandler_timeout=0 tests/lab --ignore=tests/lab/guest

# The image in real boots: a visit from outside, then broken on purpose. `make image` comes first.
lab-image: .venv/.dev
	@$(call debian,mmdebstrap,mmdebstrap)
	$(call debian,mkfs.erofs,erofs-utils)
	$(call debian,mdir,mtools)
	$(call debian,xorriso,xorriso)
	$(call debian,tesseract,tesseract-ocr)
	tests/lab/machine/prepare.sh .cache/lab
	rm -rf dist/lab-image
	tests/lab/image/second_image.sh .cache/image dist/lab-image/second
	$(BIN)/python -m tests.lab.image.visit_the_image dist/image/disk.raw dist/lab-image/visit
	$(BIN)/python -m tests.lab.image.broken dist/image/disk.raw dist/lab-image/broken \
	    --second dist/lab-image/second
	$(BIN)/python -m tests.lab.image.secure_boot dist/image/disk.raw \
	    .cache/image/keys/secure-boot.pem dist/lab-image/secure-boot

fuzz: .venv/.dev
	@$(BIN)/pip install --quiet --require-hashes -r requirements/fuzz.txt
	for parser in $$($(BIN)/python -m tests.fuzz); do
		$(BIN)/python -m tests.fuzz $$parser 60
	done

clean:
	rm -rf .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build demo dist ./*.egg-info
	find appliance tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
