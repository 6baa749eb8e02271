#!/bin/bash
# Unpack the compositor of Debian 13 next to this system, which may be an older one.
#
# usage: tests/kiosk/cage.sh INTO
#
# Debian 12's cage 0.1.4 cannot be pointed at from outside, starts Xwayland or ends, and shows no
# window of Qt's in its pictures. Nothing is installed: the packages are unpacked, with the C library
# that they were built for, and without what draws by a graphics card.
set -euo pipefail

into=$1
packages=(
	cage libc6 libdisplay-info2 libdrm2 libdrm-amdgpu1 libdrm-intel1 libedit2 libbsd0 libmd0
	libegl1 libglvnd0 libevdev2 libexpat1 libffi8 libgbm1 libgcc-s1 libgles2 libglib2.0-0t64
	libgudev-1.0-0 libinput10 liblcms2-2 libliftoff0 libmtdev1t64 libpciaccess0 libpcre2-8-0
	libpixman-1-0 libseat1 libstdc++6 libsystemd0 libcap2 libtinfo6 libudev1 libvulkan1 libwacom9
	libwayland-client0 libwayland-server0 libwlroots-0.18 libx11-6 libx11-xcb1 libxau6 libxdmcp6
	libxcb1 libxcb-composite0 libxcb-dri3-0 libxcb-errors0 libxcb-ewmh2 libxcb-icccm4 libxcb-present0
	libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-res0 libxcb-shm0 libxcb-sync1
	libxcb-xfixes0 libxcb-xinput0 libxkbcommon0 libxml2 libxshmfence1 liblzma5 libzstd1 zlib1g
	libatomic1 xkb-data
)
key=$(cat "$0" | sha256sum | cut -d' ' -f1)
[ -e "$into/key" ] && [ "$(cat "$into/key")" = "$key" ] && exit

url=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	grep -oE 'https?://[^ ]+/debian/?( |$)' || true)
url=${url%%[[:space:]]*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache/archives}/partial "$work/debs" "$into"
touch "$work/status"
echo "deb $url trixie main" >"$work/sources.list"
cat >"$work/apt.conf" <<-END
	Dir::Etc::SourceList "$work/sources.list";
	Dir::Etc::SourceParts "/nonexistent";
	Dir::State "$work";
	Dir::State::status "$work/status";
	Dir::State::Lists "$work/lists";
	Dir::Cache "$work/cache";
	Acquire::Languages "none";
	APT::Sandbox::User "root";
END
export APT_CONFIG=$work/apt.conf
apt-get update -qq
(cd "$work/debs" && apt-get download -qq "${packages[@]}")
rm -rf "$into/root"
for package in "$work"/debs/*.deb; do
	dpkg -x "$package" "$into/root"
done
printf '%s' "$key" >"$into/key"
