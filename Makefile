# SPDX-License-Identifier: GPL-2.0-or-later
#
# The front door.  meson.build says what is built from what; scripts/ does it.

MESON = /usr/bin/meson
TREE = build/meson
FUZZ_SECONDS = 3600
STORM_SECONDS = 600

help:
	@echo 'make demo    set up, build, boot, and carry out the whole walk-through'
	@echo 'make demo-pool  three guests share one pool; a job and its memory move'
	@echo 'make demo-fleet  three machines (network namespaces) with cxl-fmd; one dies.'
	@echo '             Needs no QEMU; half a minute and another to build.'
	@echo '             make demo-fleet-guest: one host is a guest that boots'
	@echo 'make run     boot the same machine for you: QMP at /tmp/qmp-sock,'
	@echo '             ssh -F build/guest/ssh/config guest (or, with a key in'
	@echo '             ~/.ssh, -p 2222 root@localhost); build/bin/dcd-vm --help;'
	@echo '             dcd-vm start NAME runs as many as you like, until dcd-vm stop'
	@echo 'make check   run every test (scripts/run-tests SUITE... runs some)'
	@echo 'make check-sanitizers  the device under ASan and UBSan, 15 minutes;'
	@echo '             make check-fm-sanitizers: cxl-fm and libcxlfm, 2 minutes'
	@echo 'make fuzz    fuzz what hostile input reaches, FUZZ_SECONDS=3600'
	@echo 'make soak    the random tests for a long time, SEED=... repeats one'
	@echo 'make bench   measure against guest DRAM, unmodified QEMU and virtio-mem'
	@echo 'make image   container image (docs/container.md); make check-image tests it'
	@echo 'make deb     Debian packages (docs/packages.md); make check-deb tests them'
	@echo 'make check-libvirt  docs/libvirt-domain.xml, started by libvirt'
	@echo 'make patches write the series for git am, and apply them (build/patches)'
	@echo 'make check-bases  QEMU 10.2, ndctl and every kernel that Debian serves:'
	@echo '             does it apply, build, pass? About an hour on two cores'
	@echo 'make docs    draw the pictures of docs/figures'
	@echo 'make pictures  take those of the page anew, in a browser'
	@echo 'make build   set up and build everything under build/'
	@echo 'make install  cxl-fm, libcxlfm, dcd-vm, manuals below prefix=/usr/local,'
	@echo '             DESTDIR= for packages; make uninstall takes them away'
	@echo 'make setup   install packages and fetch the base sources only'
	@echo 'make clean   remove what was built; keeps the downloaded sources'

all: build

setup:
	@scripts/setup

$(TREE)/build.ninja:
	@test -f $@ || { mkdir -p build/log && \
		$(MESON) setup $(TREE) > build/log/meson.log 2>&1 || \
		{ cat build/log/meson.log; exit 1; }; }

build: setup
	@$(MAKE) --no-print-directory $(TREE)/build.ninja
	@ninja -C $(TREE) --quiet
	@mkdir -p build/bin && ln -sfn ../../scripts/dcd-vm build/bin/dcd-vm
	@ln -sfn ../meson/fm/cxl-fm build/bin/cxl-fm

demo: build
	@tests/guest/walkthrough.py

demo-pool: build
	@tests/fm/demo-pool.py

# Whatever tree there is; without one, what needs no QEMU
FLEET = $(if $(wildcard $(TREE)/build.ninja),$(TREE),build/quick)
demo-fleet:
	@test -f $(FLEET)/build.ninja || $(MESON) setup $(FLEET) -Dbases=false \
		> /dev/null
	@ninja -C $(FLEET) --quiet fm/cxl-fm fm/daemon/cxl-fmd \
		tests/fm/pool-device || { echo "make: cxl-fmd is not built without" \
		"its libraries: scripts/setup installs them" >&2; exit 1; }
	@tests/fm/demo-fleet.py $(FLEET)

demo-fleet-guest: build
	@tests/fm/demo-fleet.py --guest

run: build
	@scripts/dcd-vm

check: build
	@scripts/run-tests

# cxl-fm and libcxlfm only: prefix=/usr/local DESTDIR=
install uninstall:
	@prefix='$(prefix)' DESTDIR='$(DESTDIR)' scripts/install-fm $@

# $(call need,COMMAND,PACKAGES): what only some targets need
need = command -v $(1) > /dev/null || apt-get -qq -y --no-install-recommends \
	install $(2) > build/log/$(1).log

bench: build
	@$(call need,gnuplot,gnuplot-nox)
	@scripts/build-qemu-unmodified
	@scripts/build-qemu tests/qtest/cxl-dcd/cxl-dcd-bench \
		tests/qtest/cxl-dcd/cxl-dcd-bench-fm
	@ninja -C $(TREE) --quiet tests/bench/membench tests/bench/memwatch \
		tests/bench/ticks tests/bench/core-scale tests/bench/pool-scale \
		tests/fm/bench-fm
	@tests/bench/bench.py

soak: build
	@scripts/soak

check-sanitizers: build check-fm-sanitizers
	@scripts/check-sanitizers

check-fm-sanitizers:
	@scripts/check-fm-sanitizers

fuzz: build
	@scripts/fuzz --seconds $(FUZZ_SECONDS)
	@tests/storm/run.py --seconds $(STORM_SECONDS)

image: build
	@$(call need,podman,podman crun)
	@scripts/build-image

check-image: image
	@scripts/check-image

deb: setup
	@scripts/build-deb

check-deb: deb
	@scripts/check-deb

patches: setup
	@scripts/patches

check-bases: build
	@scripts/check-bases

check-libvirt: build
	@scripts/check-libvirt

docs:
	@scripts/draw

pictures: build
	@PAGE_FIGURES=$(CURDIR)/docs/figures CXL_FM=$(CURDIR)/$(TREE)/fm/cxl-fm \
		CXL_FMD=$(CURDIR)/$(TREE)/fm/daemon/cxl-fmd \
		POOL_DEVICE=$(CURDIR)/$(TREE)/tests/fm/pool-device \
		python3 tests/fm/fmd-page.py pictures

clean:
	@scripts/clean

.PHONY: install uninstall check-fm-sanitizers
.PHONY: image check-image deb check-deb check-libvirt check-bases docs pictures patches
.PHONY: help all setup build demo demo-pool demo-fleet demo-fleet-guest run check check-sanitizers bench fuzz soak clean
