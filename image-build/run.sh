#!/bin/bash
# Boot an image in a window: image-build/run.sh OUT [DISC]. By KVM where there is one, else emulated, which
# takes minutes. Firmware, TPM and disk are kept in OUT/machine: delete it for a machine's first boot. DISC:
# an image of what is in the drive, such as one with a bundle. KVM=no: do without it, where it does not work.
set -euo pipefail

out=$(cd "$1" && pwd)
machine=$out/machine
firmware=/usr/share/OVMF
mkdir -p "$machine/tpm"
[ -e "$machine/variables.fd" ] || cp "$firmware/OVMF_VARS_4M.fd" "$machine/variables.fd"
if [ ! -e "$machine/disk.raw" ]; then
	cp --sparse=always "$out/disk.raw" "$machine/disk.raw"
	truncate -s 8G "$machine/disk.raw"
fi
accelerator=tcg,thread=multi
processor=max
if [ -w /dev/kvm ] && [ "${KVM:-yes}" != no ]; then
	accelerator=kvm
	processor=host
fi
display=${DISPLAY_OPTION:-gtk}
drive=()
if [ -n "${2:-}" ]; then
	drive=(-drive "if=none,id=disc,file=$2,format=raw,media=cdrom,readonly=on" -device ide-cd,drive=disc)
fi
swtpm socket --tpm2 --daemon --terminate --tpmstate "dir=$machine/tpm" \
	--ctrl "type=unixio,path=$machine/tpm.sock"
exec qemu-system-x86_64 -M q35 -accel "$accelerator" -cpu "$processor" -smp 2 -m 3072 \
	-nodefaults -no-user-config -display "$display" -uuid 2f1d3c4b-5a69-4788-9706-f5e4d3c2b1a0 \
	-drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd" \
	-drive "if=pflash,format=raw,file=$machine/variables.fd" \
	-drive "if=none,id=disk,file=$machine/disk.raw,format=raw" -device virtio-blk-pci,drive=disk \
	-device virtio-gpu-pci,xres=1280,yres=800 -device virtio-rng-pci \
	-device virtio-tablet-pci -device virtio-keyboard-pci -device qemu-xhci,p2=8,p3=8 \
	-chardev "socket,id=tpm,path=$machine/tpm.sock" -tpmdev emulator,id=tpm,chardev=tpm \
	-device tpm-tis,tpmdev=tpm "${drive[@]}"
