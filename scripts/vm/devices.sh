# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# devices.sh - host bridges, root ports, devices and windows, added to "$@"
#
# Sourced by scripts/dcd-vm, not called: a function could not change "$@".

# A host bridge has 4 HDM decoders, one for each region below it, so 4 devices
# share one.  Each bridge has a window of its own: its devices' regions are made
# with -d decoder0.N, N being 0 for the first.
per_bridge=4
[ -z "$bridges" ] || per_bridge=$(((devices + bridges - 1) / bridges))
bridges=$(((devices + per_bridge - 1) / per_bridge))

if [ -n "$fm" ]; then
	set -- "$@" -chardev "socket,id=fm0,path=$fm,server=on,wait=off"
fi

# A host bridge with one root port has HDM decoders only when told to, and more
# than one region needs them.
bridge=0
while [ "$bridge" -lt "$bridges" ]; do
	set -- "$@" -device "pxb-cxl,id=cxl.$((bridge + 1)),bus=pcie.0$(
		),bus_nr=$((12 + bridge * (244 / bridges))),hdm_for_passthrough=on"
	bridge=$((bridge + 1))
done

i=0
while [ "$i" -lt "$devices" ]; do
	backend="memory-backend-ram,id=dcmem$i,size=$dc_bytes,reserve=off"
	[ -z "$dc_memory" ] || backend="memory-backend-file,id=dcmem$i,size=$dc_bytes$(
		),mem-path=$dc_memory,share=on,reserve=off"
	[ -z "$pool" ] ||
		backend="cxl-dc-pool,id=pool0,size=$dc_bytes,path=$pool"
	set -- "$@" -object "$backend" -device "cxl-rp,id=rp$i,bus=cxl.$((
		i / per_bridge + 1)),port=$i,chassis=0,slot=$((i + 2))"
	[ "$static_bytes" -eq 0 ] || set -- "$@" -object \
		"memory-backend-ram,id=mem$i,size=$static_bytes,reserve=off"
	[ "$persistent_bytes" -eq 0 ] || set -- "$@" -object \
		"memory-backend-ram,id=pmem$i,size=$persistent_bytes,reserve=off" \
		-object "memory-backend-ram,id=lsa$i,size=1M"
	# The guest's names (mem0...) go by who was found first: it is the serial
	# number that says which device is which.
	properties="\"driver\":\"cxl-type3\",\"bus\":\"rp$i\",\"id\":\"cxl-mem$i\""
	properties="$properties,\"sn\":$((i + 1))"
	[ "$static_bytes" -eq 0 ] ||
		properties="$properties,\"volatile-memdev\":\"mem$i\""
	[ "$persistent_bytes" -eq 0 ] ||
		properties="$properties,\"persistent-memdev\":\"pmem$i\",\"lsa\":\"lsa$i\""
	[ -z "$fm" ] ||
		properties="$properties,\"fmapi\":\"fm0\",\"fmapi-eid\":$((i + 9))"
	if [ -n "$pool" ]; then
		properties="$properties,\"dc-pool\":\"pool0\",\"host-id\":$host_id"
	elif [ -n "$json" ]; then
		properties="$properties,\"dc-memdev\":\"dcmem$i\""
	else
		properties="$properties,\"volatile-dc-memdev\":\"dcmem$i\""
	fi
	# A full disk, or no more huge pages, would end QEMU at the first access.
	[ -z "$dc_memory" ] || properties="$properties,\"dc-prealloc\":true"
	# Without regions of its own, a pool has one over all of it.
	if [ -n "$json" ]; then
		properties="$properties,\"dc-regions\":[$json]"
	elif [ -z "$pool" ]; then
		properties="$properties,\"num-dc-regions\":$regions"
	fi
	set -- "$@" -device "{$properties}"
	i=$((i + 1))
done

# A guest with much memory has large memory blocks, and only whole ones become System
# RAM: each window but the first begins behind one that ends with a block.
windows='' bridge=0
while [ "$bridge" -lt "$bridges" ]; do
	below=$((devices - bridge * per_bridge))
	[ "$below" -le "$per_bridge" ] || below=$per_bridge
	windows=$windows${windows:+,}cxl-fmw.$bridge.targets.0=cxl.$((bridge + 1))
	windows=$windows,cxl-fmw.$bridge.size=$(whole_blocks \
		$((below * device_bytes)) "$memory_bytes")
	bridge=$((bridge + 1))
done
set -- "$@" -machine "$windows"

# How far the host bridges are, for a kernel that sorts memory by that: the node
# of the bridges is 1 then, and that of the capacity the next.
if [ -n "$latency$bandwidth" ]; then
	set -- "$@" -machine hmat=on -numa cpu,node-id=0,socket-id=0 \
		-numa node,nodeid=1,initiator=0
	bridge=0
	while [ "$bridge" -lt "$bridges" ]; do
		set -- "$@" -object "acpi-generic-port,id=gp$bridge,pci-bus=cxl.$((
			bridge + 1)),node=1"
		bridge=$((bridge + 1))
	done
	lb=hmat-lb,hierarchy=memory,initiator=0
	set -- "$@" \
		-numa "$lb,target=0,data-type=access-latency,latency=80" \
		-numa "$lb,target=0,data-type=access-bandwidth,bandwidth=64G" \
		-numa "$lb,target=1,data-type=access-latency,latency=${latency:-200}" \
		-numa "$lb,target=1,data-type=access-bandwidth,bandwidth=${bandwidth:-32G}"
fi
