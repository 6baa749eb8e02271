#!/bin/sh
# Report a USB device to the broker if USBGuard has not allowed it. usage: refused.sh KIND:DEVICE
#
# KIND is of udev/74-appliance-usb.rules, DEVICE as the kernel names it (1-2.3). The kernel refuses
# each device at first. USBGuard then allows it within a second, on a slow machine within a minute; of
# a refusal nothing is to be seen here, and USBGuard's own socket is out of reach. So what is not
# allowed after two minutes is refused, and so is a device that is pulled before it was allowed.
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
while [ "$tries" -lt 600 ]; do # for two minutes
	if [ ! -e "$authorised" ]; then
		break
	fi
	allowed=
	{ read -r allowed <"$authorised"; } 2>/dev/null || true # it may have been pulled meanwhile
	if [ "$allowed" = 1 ]; then
		exit 0
	fi
	tries=$((tries + 1))
	sleep 0.2
done
exec varlinkctl call /run/appliance/session.sock io.faceappliance.Session.DeviceRefused \
	"{\"device\":\"$kind\"}"
