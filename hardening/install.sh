#!/bin/bash
# Install the files of this folder as they are. usage: hardening/install.sh ROOT
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$1

# put FROM INTO: copy the files of one folder.
put() {
	[ -d "$here/$1" ] || return 0
	mkdir -p "$root$2"
	cp -r "$here/$1/." "$root$2/"
}

put systemd /usr/lib/systemd/system
put sysusers /usr/lib/sysusers.d
put tmpfiles /usr/lib/tmpfiles.d
put sysctl /usr/lib/sysctl.d
put udev /usr/lib/udev/rules.d
put logind /usr/lib/systemd/logind.conf.d
put coredump /usr/lib/systemd/coredump.conf.d
put polkit /usr/share/polkit-1/rules.d
put pam.d /etc/pam.d
put nftables /etc/nftables
put modprobe.d /usr/lib/modprobe.d
put usbguard /etc/usbguard
# USBGuard does not start if others can read them.
chmod 600 "$root"/etc/usbguard/rules.conf "$root"/etc/usbguard/usbguard-daemon.conf
# Programs and settings that units name.
put network /usr/lib/appliance
put usb /usr/lib/appliance
put accounts /usr/lib/appliance
put modules /usr/lib/appliance

# Units that start at boot. `systemctl enable` would need the machine's own systemd here.
want() { # TARGET UNIT [ITS FILE]
	mkdir -p "$root/usr/lib/systemd/system/$1.wants"
	ln -sf "../${3:-$2}" "$root/usr/lib/systemd/system/$1.wants/$2"
}
want sysinit.target appliance-firewall.service
want sockets.target appliance-audit.socket
want sockets.target appliance-auditor.socket
want sockets.target appliance-broker.socket
want sockets.target appliance-burner.socket
want sockets.target appliance-disc.socket
for slot in 0 1 2 3 4 5 6 7; do # as many as sysusers/ has workers
	want sockets.target "appliance-keeper@w$slot.socket" appliance-keeper@.socket
	want appliance-broker.service "appliance-releaser@w$slot.socket" appliance-releaser@.socket
done
want multi-user.target appliance-boot-record.service
want multi-user.target appliance-broker.service
want multi-user.target appliance-provision.service
want multi-user.target appliance-provision-log.service
want multi-user.target appliance-factory-reset.service
want multi-user.target appliance-tpm-lockout.service
want multi-user.target appliance-boot-good.service
want multi-user.target appliance-update.service
want basic.target usbguard.service
want multi-user.target appliance-modules.service
want multi-user.target appliance-network.service
want timers.target appliance-audit-checkpoint.timer
want timers.target appliance-doctor.timer

# What appliance-devices.service copies is a drop-in of the workers' unit, or nothing. systemd loads
# that unit when a worker starts and unloads it when the worker has ended, so no daemon-reload is
# needed.
workers=$root/usr/lib/systemd/system/appliance-worker@.service.d
mkdir -p "$workers"
ln -sf /run/appliance/worker-devices.conf "$workers/devices.conf"

# Masked: each would write memory to a disk, give access around the kiosk, or load other rules. The
# seat is appliance-seat.service, for one user. systemd's own way of blessing a boot would call an
# image good for ever; appliance-boot-good.service does not.
mask() {
	mkdir -p "$root/etc/systemd/system"
	ln -sf /dev/null "$root/etc/systemd/system/$1"
}
mask hibernate.target
mask hybrid-sleep.target
mask suspend.target
mask suspend-then-hibernate.target
mask swap.target
mask ctrl-alt-del.target
mask getty@.service
mask serial-getty@.service
mask autovt@.service
mask emergency.service
mask rescue.service
mask debug-shell.service
mask nftables.service
mask seatd.service
mask systemd-bless-boot.service
