#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# borrow.sh HOST SIZE COMMAND... - run a command while a host has SIZE more
# memory. What it borrowed has a tag of its own, so that only this goes back.
# CXL_FM_ADDRESS says where the devices are.

set -eu

host=$1 size=$2
shift 2
tag=$(cat /proc/sys/kernel/random/uuid)

status=0
cxl-fm add "$size" --host "$host" --tag "$tag" --wait || status=$?
case $status in
0) ;;
6) echo "borrow: host $host declined; is it ready for capacity?" >&2 ;;
7) echo "borrow: 'cxl-fm tags' shows whether $tag is there" >&2 ;;
esac
[ "$status" -eq 0 ] || exit "$status"

"$@" || status=$?

# It may be in use for a while yet: ask, and ask again.
until cxl-fm release --host "$host" --tag "$tag" --wait --timeout 60; do
	[ $? -eq 4 ] || exit 1
done
exit "$status"
