#!/bin/bash
# Build an image of the next version, and the disc that updates to it: second_image.sh CACHE OUT
#
# CACHE and the keys in it are those of the first image. OUT gets what image-build/build.sh makes, and
# update.iso.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=../../../image-build/image.env
. "$repository/image-build/image.env"
next=${VERSION%.*}.$((${VERSION##*.} + 1))
number=$((NUMBER + 1))
sed "s/^VERSION=.*/VERSION=$next/; s/^NUMBER=.*/NUMBER=$number/" "$repository/image-build/image.env" \
	>"$work/image.env"
IMAGE_ENV=$work/image.env "$repository/image-build/build.sh" "$1" "$2"

disc=$work/disc
mkdir "$disc"
"$repository/.venv/bin/appliance" update make "$disc/appliance-update.bundle" \
	--root "$2/root.erofs" --verity "$2/root.verity" --uki "$2/face-appliance_$next.efi" \
	--number "$number" --version "$next" --key "$1/keys/update.key"
rm -f "$2/update.iso"
xorriso -as mkisofs -quiet -R -J -o "$2/update.iso" "$disc"
