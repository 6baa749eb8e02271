#!/bin/bash
# Build what `make lab` boots: QEMU's own root, the machine's root file system, its kernel and
# initrd, and the Python wheels. A part is rebuilt only when its inputs change.
#
# usage: tests/lab/machine/prepare.sh CACHE
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
cache=$1
suite=trixie
# The wheels are chosen for the machine's Python, not for the one that runs here.
python_version=313
platform=manylinux_2_28_x86_64

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*" >&2; }

# The mirrors that this machine already uses.
mirror() {
	local found
	found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
		grep -oE 'https?://[^ ]+/debian/?( |$)' || true)
	found=${found%%[[:space:]]*}
	printf '%s' "${found%/}"
}

# fresh NAME KEY: does the part NAME exist, built from the inputs that KEY stands for?
fresh() { [ -e "$cache/$1.key" ] && [ "$(cat "$cache/$1.key")" = "$2" ]; }
done_with() { printf '%s' "$2" >"$cache/$1.key"; }
# key_of FUNCTION FILE...: a hash of a part's inputs: the function that builds it, and files.
key_of() {
	local maker=$1
	shift
	{ declare -f "$maker" bootstrap && cat /dev/null "$@"; } | sha256sum | cut -d' ' -f1
}

# bootstrap INTO PACKAGES HOOK...
bootstrap() {
	local into=$1 packages=$2
	shift 2
	local url
	url=$(mirror)
	mmdebstrap --quiet --variant=minbase --components=main --include="$packages" \
		--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' "$@" \
		"$suite" "$into" "deb $url $suite main" "deb $url-security $suite-security main"
}

# QEMU 10 of Debian 13 has AES-XTS seven times as fast as QEMU 7.2 of Debian 12. Firmware and a program
# that enrols keys in it, a TPM, and a drive that burns discs, which QEMU reaches by iSCSI.
tools() {
	local key
	key=$(key_of tools)
	fresh tools "$key" && return
	say 'lab: building the root that QEMU runs in (about a minute)'
	rm -rf "$cache/tools"
	bootstrap "$cache/tools" \
		qemu-system-x86,qemu-utils,qemu-block-extra,ovmf,python3-virt-firmware,swtpm,swtpm-tools,tgt,busybox-static
	done_with tools "$key"
}

# no_graphics ROOT: a package that stands for drivers of graphics cards and for Xwayland. Libraries that
# cage is linked to depend on them, 250 MB; the appliance draws with the processor, and needs neither.
no_graphics() {
	local version package=$1/no-graphics
	version=$(APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-cache show --no-all-versions libgbm1 |
		sed -n 's/^Version: //p')
	mkdir -p "$package/DEBIAN"
	printf '%s\n' 'Package: no-graphics' 'Version: 1' 'Architecture: all' 'Maintainer: lab' \
		"Provides: xwayland, libegl-mesa0, libglx-mesa0, mesa-libgallium (= $version)" \
		'Description: no graphics card' >"$package/DEBIAN/control"
	dpkg-deb --build "$package" "$1/no-graphics.deb" >/dev/null
	chroot "$1" dpkg -i /no-graphics.deb >/dev/null
	rm -r "$package" "$1/no-graphics.deb"
}

# The machine's root as an ext4 image, and its kernel with modules.
machine() {
	local key packages
	key=$(key_of machine "$here/packages.txt" <(declare -f no_graphics))
	fresh machine "$key" && return
	say 'lab: building the root file system of the machine (about two minutes)'
	packages=$(grep -v '^#' "$here/packages.txt" | paste -sd,)
	# The kernel is unpacked, not installed: its package would build an initrd that is not used.
	# shellcheck disable=SC2016  # the hook expands it
	bootstrap "$work/root" "$packages" --essential-hook="$(declare -f no_graphics)"'; no_graphics "$1"' \
		--customize-hook='
		set -eu
		kernel=$(chroot "$1" apt-cache depends --important linux-image-amd64 |
			sed -n "s/.*Depends: \(linux-image-[0-9].*-amd64\)$/\1/p")
		chroot "$1" sh -c "cd /root && apt-get download -qq $kernel"
		chroot "$1" sh -c "dpkg -x /root/linux-image-*.deb /usr/local/kernel && rm /root/linux-image-*.deb"
		mv "$1"/usr/local/kernel/boot/vmlinuz-* "$1/vmlinuz"
		mkdir -p "$1/usr/lib/modules"
		mv "$1"/usr/local/kernel/usr/lib/modules/* "$1/usr/lib/modules/" ||
			mv "$1"/usr/local/kernel/lib/modules/* "$1/usr/lib/modules/"
		rm -rf "$1/usr/local/kernel"
		for version in "$1"/usr/lib/modules/*; do depmod -b "$1" "${version##*/}"; done
		systemctl --root="$1" disable apt-daily.timer apt-daily-upgrade.timer
		rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/*
	'
	mv "$work/root/vmlinuz" "$cache/vmlinuz"
	initrd_modules "$work/root" "$cache/initrd-modules"
	rm -f "$cache/machine.ext4"
	truncate -s 3G "$cache/machine.ext4"
	mke2fs -q -t ext4 -O ^has_journal -d "$work/root" "$cache/machine.ext4"
	done_with machine "$key"
}

# initrd_modules ROOT INTO: the modules that mounting the root needs, in the order of loading.
initrd_modules() {
	local root=$1 into=$2 version module
	version=$(basename "$root"/usr/lib/modules/*)
	rm -rf "$into"
	mkdir -p "$into"
	for module in virtio_pci virtio_blk ext4 erofs overlay crc32c_generic; do
		modprobe -d "$root" -S "$version" --show-depends "$module" 2>/dev/null || true
	done | awk '/^insmod/ && !seen[$2]++ { print $2 }' | while read -r module; do
		case $module in
		*.xz) xz -dc "$module" >"$into/$(basename "$module" .xz)" ;;
		*) cp "$module" "$into/" ;;
		esac
		basename "$module" .xz >>"$into/order"
	done
}

# busybox, the modules and ./init: quick, so rebuilt each time.
initrd() {
	local tree="$work/initrd"
	mkdir -p "$tree"/{bin,dev,proc,sys,lower,root}
	cp /bin/busybox "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	cp -r "$cache/initrd-modules" "$tree/modules"
	install -m 755 "$here/init" "$tree/init"
	(cd "$tree" && find . | cpio -o -H newc --quiet) >"$cache/initrd.img"
}

# The wheels of the program and of pytest, for the machine's Python, as an erofs image.
wheels() {
	local key list="$work/requirements.txt"
	"$repository/.venv/bin/python" - "$repository/pyproject.toml" >"$list" <<-'PY'
		import sys, tomllib
		project = tomllib.load(open(sys.argv[1], "rb"))["project"]
		wanted = ("pytest", "hypothesis")
		dev = [line for line in project["optional-dependencies"]["dev"] if line.startswith(wanted)]
		kiosk = project["optional-dependencies"]["kiosk"]
		tests = (d for d in dev if not d.startswith("pytest-cov"))
		print(*project["dependencies"], *kiosk, *tests, sep="\n")
	PY
	key=$(key_of wheels "$list" <(declare -f trim_qt))
	fresh wheels "$key" && return
	say 'lab: fetching the wheels for the machine'
	mkdir -p "$work/wheels/usr/local/lib/python3.13/dist-packages"
	"$repository/.venv/bin/python" -m pip install --quiet --no-compile --only-binary=:all: \
		--python-version "$python_version" --platform "$platform" --platform manylinux2014_x86_64 \
		--platform manylinux_2_17_x86_64 --platform manylinux_2_34_x86_64 \
		--target "$work/wheels/usr/local/lib/python3.13/dist-packages" --requirement "$list"
	trim_qt "$work/wheels/usr/local/lib/python3.13/dist-packages/PySide6"
	# Compiling every module in the emulated machine would cost it a minute; here it is seconds.
	chroot_compile "$work/wheels/usr/local/lib/python3.13/dist-packages"
	rm -f "$cache/wheels.erofs"
	mkfs.erofs --quiet "$cache/wheels.erofs" "$work/wheels" >/dev/null
	done_with wheels "$key"
}

# trim_qt PYSIDE6: leave what the screen uses, 100 of 237 MB: no tools, designers, other platforms, or
# keyboard on the screen.
trim_qt() {
	local qt=$1/Qt
	(
		cd "$1"
		rm -rf ./*.pyi typesystems include glue doc metatypes scripts support/deploy_lib
		rm -rf assistant designer linguist lupdate lrelease balsam* qml* svgtoqml rcc uic lconvert
		rm -f ./*Designer* ./*Help* ./*Sql* ./*Widgets* ./*Test* ./*Print* ./*Concurrent* ./*Xml*
		find . -maxdepth 1 -type f -perm /111 ! -name '*.so*' -delete
	)
	(
		cd "$qt"
		rm -rf translations libexec metatypes resources qml/QtTest qml/QtQuick/VirtualKeyboard
		rm -rf plugins/{designer,sqldrivers,networkinformation,tls,platforminputcontexts,printsupport}
		rm -rf plugins/{egldeviceintegrations,xcbglintegrations,generic,platformthemes,styles,qmltooling}
		rm -f plugins/platforms/libq{vnc,xcb,linuxfb,eglfs,vkkhrdisplay,minimal*}.so
		rm -f lib/libQt6{Designer,Help,Sql,Test,VirtualKeyboard,Print,Xcb,EglFS,UiTools}*
	)
}

# The bytecode must be that of the machine's Python, which compiles it.
chroot_compile() {
	local mnt="$work/mnt"
	mkdir -p "$mnt"
	mount -o loop,ro "$cache/machine.ext4" "$mnt"
	mount --bind "$1" "$mnt/mnt"
	chroot "$mnt" python3 -m compileall -q --invalidation-mode unchecked-hash /mnt >/dev/null || true
	umount "$mnt/mnt" "$mnt"
}

tools
machine
initrd
wheels
