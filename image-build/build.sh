#!/bin/bash
# Build the image: image-build/build.sh CACHE OUT (as root). Nothing is mounted by a loop device.
#
# CACHE keeps what rarely changes: the root of tools, the wheels, the keys. OUT gets disk.raw (what is
# written to the machine's disk), root.erofs, root.verity and the UKI (what an update carries), and
# sbom/ (what is in it, and the measurements of a machine that runs it). IMAGE_ENV: another file in
# the place of image.env. OFFLINE: packages and wheels have to be in CACHE.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/.." && pwd)
mkdir -p "$1" "$2"
cache=$(cd "$1" && pwd)
out=$(cd "$2" && pwd)
suite=trixie
bin=$repository/.venv/bin
python=python3.13
# shellcheck source=image.env
. "${IMAGE_ENV:-$here/image.env}"

# Fetching goes by this machine's settings: mirrors, proxies, certificates. What is built depends on none
# of them, nor on other variables of whoever builds: with PYTHONDONTWRITEBYTECODE, say, Debian's scripts
# leave other files.
if [ "${3:-}" != fetched ]; then
	(cd "$repository" && "$bin/python" -m tools.image fetch "$cache" ${OFFLINE:+--offline} >/dev/null)
	(cd "$repository" && "$bin/python" -m tools.image wheels "$cache" ${OFFLINE:+--offline})
	exec env -i PATH="$PATH" ${IMAGE_ENV:+"IMAGE_ENV=$IMAGE_ENV"} "$here/build.sh" "$cache" "$out" fetched
fi
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
umask 022

say() { printf 'image: %4d s  %s\n' "$SECONDS" "$*" >&2; }
listed() { grep -v '^#' "$here/$1"; }

# bootstrap INTO PACKAGES: Debian with these packages, from the pool alone.
bootstrap() {
	mmdebstrap --quiet --mode=root --variant=minbase --include="$2" \
		--aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		"$suite" "$1" "deb [trusted=yes] copy:$cache/pool ./"
}

# inside COMMAND…: run in the root of tools, which sees the work folder, OUT and the keys.
inside() {
	# shellcheck disable=SC2016  # the inner shell expands it
	unshare --mount --propagation private bash -c '
		tools=$1 work=$2 out=$3 keys=$4; shift 4
		mount --bind "$work" "$tools/build"; mount --bind "$out" "$tools/out"
		mount --bind "$keys" "$tools/keys"
		mount -t proc proc "$tools/proc"; mount --rbind /dev "$tools/dev"; mount -t tmpfs tmp "$tools/tmp"
		exec chroot "$tools" "$@"' inside "$cache/tools" "$work" "$out" "$cache/keys" "$@"
}

# at_epoch COMMAND…: inside, at the time that files bear: signatures name the time when they are made.
at_epoch() { inside faketime -f "@$(date -u -d "@$SOURCE_DATE_EPOCH" '+%F %T')" "$@"; }

# tool NAME ARGUMENT…: a program of tools/image.
tool() { (cd "$repository" && "$bin/python" -m "tools.image.$1" "${@:2}"); }

tools() {
	local key
	key=$(cat "$here"/{build.sh,packages-tools.txt,packages.lock} | sha256sum)
	[ "$(cat "$cache/tools.key" 2>/dev/null)" = "$key" ] && return
	say 'building the root of tools'
	rm -rf "$cache/tools"
	bootstrap "$cache/tools" "$(listed packages-tools.txt | paste -sd,)"
	mkdir "$cache/tools"/{build,out,keys}
	printf %s "$key" >"$cache/tools.key"
}

# The site's own keys: of Secure Boot, of what PCR 11 may be, of updates.
keys() {
	local keys=$cache/keys
	mkdir -p "$keys"
	chmod 700 "$keys"
	if [ ! -e "$keys/secure-boot.key" ]; then
		openssl req -quiet -new -x509 -newkey rsa:3072 -nodes -sha256 -days 7300 \
			-subj '/CN=face-appliance Secure Boot/' \
			-keyout "$keys/secure-boot.key" -out "$keys/secure-boot.pem" 2>/dev/null
	fi
	if [ ! -e "$keys/pcr.key" ]; then
		openssl genrsa -out "$keys/pcr.key" 2048 2>/dev/null
		openssl rsa -in "$keys/pcr.key" -pubout -out "$keys/pcr.pub" 2>/dev/null
	fi
	[ -e "$keys/update.key" ] || tool update_key "$keys"
}

debian() {
	local key
	key=$(cat "$here"/{build.sh,packages.txt,packages.lock} | sha256sum)
	if [ "$(cat "$cache/debian.key" 2>/dev/null)" != "$key" ]; then
		say 'installing the packages'
		rm -rf "$cache/debian"
		# no-graphics, no-initramfs: empty packages of the pool, see README.md.
		bootstrap "$cache/debian" "no-graphics,no-initramfs,$(listed packages.txt | paste -sd,)"
		printf %s "$key" >"$cache/debian.key"
	fi
	cp -a "$cache/debian" "$root"
	mv "$root"/boot/vmlinuz-* "$work/vmlinuz"
	# What the bill of materials is made from; the image itself does not have it.
	mkdir -p "$work/installed/var/lib" "$work/installed/usr/share"
	cp -a "$root/var/lib/dpkg" "$work/installed/var/lib/"
	cp -a "$root"/usr/share/{doc,common-licenses} "$work/installed/usr/share/"
}

# remove ROOT LIST: what the list's patterns name.
remove() {
	local pattern
	while read -r pattern; do
		# shellcheck disable=SC2086  # the pattern is to be expanded
		(cd "$1" && rm -rf -- $pattern)
	done < <(listed "$2")
}

# The program as a wheel, and the files that are copied into the root as they are.
program() {
	say 'installing the wheels and the program'
	local packages=$root/usr/local/lib/$python/dist-packages own=$work/own
	mkdir "$work/source" "$work/dist"
	(cd "$repository" && cp -r --parents LICENSE README.md appliance hardening image-build/root models policies \
		pyproject.toml "$work/source/")
	chmod -R u=rwX,go=rX "$work/source" # whatever the modes of this checkout are
	(cd "$work/source" && "$bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work/dist" .)
	(cd "$repository" && "$bin/python" -m tools.image wheels "$cache" --offline --target "$packages" \
		--wheel "$work"/dist/*.whl)
	remove "$packages" wheels.remove
	mkdir -p "$own"/usr/{local/share,lib}/appliance "$own/usr/share/appliance/keys" "$own/etc/appliance"
	cp -r "$work/source/models/starter" "$own/usr/local/share/appliance/models"
	cp -r "$work/source/policies" "$own/usr/share/appliance/policies"
	install -m 644 "$cache/keys/update.pub" "$own/usr/share/appliance/keys/"
	bash "$work/source/hardening/install.sh" "$own"
	# A unit of the image's own takes the place of a mask, which is a link to /dev/null.
	cp -r --remove-destination "$work/source/image-build/root/." "$own/"
	cp -a --remove-destination "$own/." "$root/"
}

# The image's own files, and away with what it must not have.
own() {
	say 'removing what the image must not have'
	printf '{"version":"%s","number":%s}\n' "$VERSION" "$NUMBER" >"$root/usr/lib/appliance/image.json"
	printf '%s\n' "IMAGE_ID=face-appliance" "IMAGE_VERSION=$VERSION" >>"$root/usr/lib/os-release"
	sed -i -E 's/^(passwd|group|shadow|gshadow):.*/\1: files systemd/; s/^hosts:.*/hosts: files/' \
		"$root/etc/nsswitch.conf"
	ln -sf ../etc-appliance.mount "$root/usr/lib/systemd/system/multi-user.target.wants/"
	chroot "$root" systemd-sysusers >/dev/null 2>&1
	sed -i -E 's#^root:[^:]*:#root:!*:#' "$root/etc/shadow"
	sed -i -E 's#:/bin/(ba)?sh$#:/usr/sbin/nologin#' "$root/etc/passwd"
	chroot "$root" $python -m compileall -q --invalidation-mode unchecked-hash \
		"/usr/lib/$python" "/usr/local/lib/$python/dist-packages" /usr/lib/python3
	# A library of a wheel that the loader refuses is found here, and not at the first start.
	chroot "$root" $python -B -I -c 'import numpy, cv2, av, pi_heif, PIL.Image'
	tool kernel_modules "$root"
	# The root is compressed as a whole; unpacking a module once more would cost a start a second.
	find "$root/usr/lib/modules" -name '*.ko.xz' -exec unxz {} +
	for version in "$root"/usr/lib/modules/*; do depmod -b "$root" "${version##*/}"; done
	chroot "$root" ldconfig
	remove "$root" remove.files
	find "$root" -xdev -type f -perm /6000 -exec chmod u-s,g-s {} +
	rm -rf "$root"/etc/{resolv.conf,hostname,hosts,*-,.pwd.lock,ssh}
	: >"$root/etc/machine-id"
	echo appliance >"$root/etc/hostname"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
	find "$root/tmp" "$root/run" "$root/root" -mindepth 1 -delete
	find "$root/var" -mindepth 1 -delete
}

initrd() {
	say 'building the initrd'
	tool initrd "$root" "$work/initrd"
	find "$work/initrd" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	# shellcheck disable=SC2016
	inside bash -c 'cd /build/initrd && find . | LC_ALL=C sort |
		cpio --quiet --create --format=newc --reproducible --owner=0:0 | zstd --quiet -T1 -15 >/build/initrd.img'
}

disk() {
	say 'packing the root'
	find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	rm -f "$out"/root.erofs
	inside mkfs.erofs --quiet -zlz4hc,9 -T "$SOURCE_DATE_EPOCH" --all-time \
		-U c1b9d5a2-f362-11ea-ad0b-5f0f1c3d4e5f /out/root.erofs /build/root >&2
	say 'computing the verity tree'
	# Salt and id follow from the root, so that the same root has the same tree.
	local digest
	digest=$(sha256sum "$out/root.erofs")
	rm -f "$out/root.verity"
	inside veritysetup format --salt="${digest:0:64}" --uuid="$(id_of "${digest:0:32}")" \
		--root-hash-file=/build/roothash /out/root.erofs /out/root.verity >/dev/null
	chmod 644 "$out/root.verity"
	roothash=$(cat "$work/roothash")
	uki
	say 'writing the disk'
	mkdir -p "$work"/esp/EFI/{BOOT,Linux} "$work"/esp/loader "$work/repart"
	cp "$here/esp/loader.conf" "$work/esp/loader/"
	cp "$out/face-appliance_$VERSION.efi" "$work/esp/EFI/Linux/face-appliance_$VERSION+3.efi"
	at_epoch sbsign --key /keys/secure-boot.key --cert /keys/secure-boot.pem \
		--output /build/esp/EFI/BOOT/BOOTX64.EFI /usr/lib/systemd/boot/efi/systemd-bootx64.efi 2>/dev/null
	find "$work/esp" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
	definitions "$work/repart"
	rm -f "$out/disk.raw"
	inside systemd-repart --dry-run=no --offline=yes --empty=create --size=auto --json=short \
		--seed=6a4f1b0e-6c57-4c3b-9d0a-0f1e2d3c4b5a --definitions=/build/repart /out/disk.raw >"$work/disk.json"
}

# id_of HEX: 128 bits as a UUID.
id_of() { sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12})$/\1-\2-\3-\4-\5/' <<<"$1"; }

# definitions INTO: repart's definitions, filled in. The ids of a slot's two partitions are the two halves
# of the root hash: by them a kernel line finds its slot, whichever it is.
definitions() {
	local file
	for file in "$here"/repart/*.conf; do
		sed "s#@VERSION@#$VERSION#; s#@SLOT@#${SLOT}M#; s#@TREE@#${TREE}M#; s#@ESP@#/build/esp#
			s#@ROOT_ID@#$(id_of "${roothash:0:32}")#; s#@TREE_ID@#$(id_of "${roothash:32}")#" \
			"$file" >"$1/${file##*/}"
	done
}

# What is in the image, and whether anything is that nothing accounts for.
bill() {
	say 'writing the bill of materials'
	rm -rf "$out/sbom"
	(cd "$repository" && "$bin/python" -m tools.image sbom "$root" "$out/sbom" --cache "$cache" \
		--version "$VERSION" --own "$work/own" --installed "$work/installed")
}

uki() {
	say "building the UKI for root hash ${roothash:0:16}"
	printf 'roothash=%s %s' "$roothash" "$(paste -sd' ' "$here/cmdline")" >"$work/cmdline"
	cp "$root/usr/lib/os-release" "$work/os-release"
	at_epoch ukify build --linux=/build/vmlinuz --initrd=/build/initrd.img --cmdline=@/build/cmdline \
		--os-release=@/build/os-release --uname="$(basename "$root"/usr/lib/modules/*)" \
		--measure --pcr-private-key=/keys/pcr.key --pcr-public-key=/keys/pcr.pub --pcr-banks=sha256 \
		--secureboot-private-key=/keys/secure-boot.key --secureboot-certificate=/keys/secure-boot.pem \
		--output="/out/face-appliance_$VERSION.efi" >"$work/ukify.log" 2>&1 || { cat "$work/ukify.log" >&2; exit 1; }
	tool measurements "$work/ukify.log" "$out/face-appliance_$VERSION.efi" "$work/cmdline" "$roothash" \
		"$VERSION" "$NUMBER" >"$out/sbom/measurements.json"
}

tools
keys
debian
program
own
initrd
bill
disk
say 'done'
ls -l "$out" >&2
