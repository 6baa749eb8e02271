#!/bin/sh
# Report a USB device to the broker if USBGuard has not allowed it. usage: refused.sh KIND:DEVICE
#
# KIND is of udev/74-appliance-usb.rules, DEVICE as the kernel names it (1-2.3). USBGuard judges
# within a second. A device that is pulled before it was allowed counts as refused.
set -eu
kind=${1%%:*}
device=${1#*:}
authorised=/sys/bus/usb/devices/$device/authorized
case $kind in
storage | keyboard | pointer | hub | network | radio | camera | other) ;;
*) exit 2 ;;
esac
case $device in
'' | *[!0-9.-]*) exit 2 ;;
esac

tries=0
while [ "$tries" -lt 50 ]; do # for ten seconds
	if [ ! -e "$authorised" ]; then
		break
	fi
	if [ "$(cat "$authorised" 2>/dev/null || true)" = 1 ]; then
		exit 0
	fi
	tries=$((tries + 1))
	sleep 0.2
done
exec varlinkctl call /run/appliance/session.sock io.faceappliance.Session.DeviceRefused \
	"{\"device\":\"$kind\"}"
