# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# values.sh - what dcd-vm's options may be: numbers, sizes, paths, regions
#
# Sourced by scripts/dcd-vm, which sets `prog`.  What is wrong ends the launcher
# before anything has started.

granule=268435456 # a fixed memory window comes in units of 256 MiB

# shellcheck disable=SC2154  # prog is set by who sources this
wrong()
{
	echo "$prog: $*" >&2
	echo "$prog: --help lists what can be given" >&2
	exit 2
}

# bytes WHAT TEXT: TEXT as a number of bytes
bytes()
{
	number=${2%[KMGTkmgt]}
	case $number in
	# The shell takes a number with a leading 0 for octal.
	'' | *[!0-9]* | 0?* | ?????????????*)
		wrong "$1 '$2' is not a size such as 512M or 4G" ;;
	esac
	case $2 in
	*[Kk]) shift_by=10 ;;
	*[Mm]) shift_by=20 ;;
	*[Gg]) shift_by=30 ;;
	*[Tt]) shift_by=40 ;;
	*) shift_by=0 ;;
	esac
	# 64T is 2^46; sums of some hundreds of it stay clear of overflow.
	if [ "$number" -gt $((70368744177664 >> shift_by)) ]; then
		wrong "$1 '$2' is more than 64T"
	fi
	echo $((number << shift_by))
}

# count WHAT TEXT MIN MAX
count()
{
	case $2 in
	'' | *[!0-9]* | 0?* | ??????*) wrong "$1 '$2' is not a number" ;;
	esac
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		wrong "$1 $2 is not within $3 to $4"
	fi
}

value()
{
	[ $# -ge 2 ] || wrong "$1 needs a value"
}

# path OPTION TEXT: QEMU would take a comma for the start of another option
path()
{
	case $2 in
	*,*) wrong "$1 '$2': a comma cannot be part of it" ;;
	*'
'*) wrong "$1 '$2': a line break cannot be part of it" ;;
	esac
}

# socket_path OPTION PATH: the limit of the kernel for a unix socket's name
socket_path()
{
	path "$1" "$2"
	[ "$(printf %s "$2" | wc -c)" -le 107 ] ||
		die "$1: the path is longer than 107 bytes: $2"
}

# multiple WHAT BYTES UNIT
multiple()
{
	if [ "$2" -eq 0 ] || [ $(($2 % $3)) -ne 0 ]; then
		wrong "$1 of $2 bytes is not a multiple of $(($3 >> 20)) MiB"
	fi
}

# credential NAME=FILE: take it into the list, one a line
credential()
{
	name=${1%%=*}
	file=${1#*=}
	[ "$name" != "$1" ] || wrong "--credential '$1' is not NAME=FILE"
	# Of the 55 bytes that QEMU gives a name, 27 are systemd's folder.
	case $name in
	'' | *[!A-Za-z0-9._-]* | ?????????????????????????????*)
		wrong "--credential: the name '$name' is not 1 to 28 letters," \
			"digits, dots, _ and -"
		;;
	esac
	path --credential "$file"
	[ -r "$file" ] || wrong "--credential: cannot read '$file'"
	credentials="$credentials$name,file=$file
"
}

# region_json SIZE[:BLOCK[:FLAGS]]: sets region_text and region_bytes
region_json()
{
	rest=$1:
	region_bytes=$(bytes --dc-region "${rest%%:*}")
	multiple --dc-region "$region_bytes" $granule
	rest=${rest#*:}
	block=${rest%%:*}
	rest=${rest#*:}
	flags=${rest%:}
	region_text="\"size\":$region_bytes"
	if [ -n "$block" ]; then
		block=$(bytes --dc-region "$block")
		[ "$block" -ge 64 ] && [ $((block & (block - 1))) -eq 0 ] ||
			wrong "--dc-region '$1': a block is a power of two from" \
				"64 bytes, such as 64K or 2M"
		region_text="$region_text,\"block-size\":$block"
	fi
	[ -n "$flags" ] || return 0
	case $flags in
	*[!a-z,-]*) wrong "--dc-region '$1': flags are words, got '$flags'" ;;
	esac
	for flag in $(echo "$flags" | tr , ' '); do
		case $flag in
		nonvolatile | sharable | hw-coherent | ic-specific | read-only) ;;
		*)
			wrong "--dc-region '$1': no flag '$flag'; there are" \
				"nonvolatile, sharable, hw-coherent, ic-specific" \
				"and read-only"
			;;
		esac
	done
	region_text="$region_text,\"flags\":[\"$(echo "$flags" |
		sed 's/,/","/g')\"]"
}

# address_bits BYTES: how many bits the addresses of a machine need that has so
# many bytes of memory and windows.  Below and above them are 40 GiB of QEMU's
# own, and what passes 1012 GiB begins anew at 1 TiB (a reserved range of AMD's).
address_bits()
{
	need=$(($1 + 42949672960))
	[ "$need" -le 1086626725888 ] || need=$((need + 1099511627776))
	bits=40
	while [ $((need >> bits)) -gt 0 ]; do
		bits=$((bits + 1))
	done
	echo "$bits"
}

# whole_blocks BYTES MEMORY: BYTES, or what is whole memory blocks of a guest with so
# much memory (memory_words)
whole_blocks()
{
	if [ "$2" -lt 66571993088 ]; then
		echo "$1"
	else
		echo $((($1 + 2147483647) >> 31 << 31))
	fi
}

# memory_words BYTES: QEMU's -m.  A guest of 62 GiB and more has memory blocks of up
# to 2 GiB, and only whole ones of its CXL window become System RAM.  QEMU puts the
# window 256 MiB behind a boundary; room for memory that could be plugged in (which
# begins at 1 GiB, has 1 GiB for its slot, and is not used) moves it to the next.
memory_words()
{
	if [ "$1" -lt 66571993088 ]; then
		echo "$(($1 >> 20))M"
		return
	fi
	begin=$((($1 + 1073741823) >> 30 << 10))
	room=$(((768 - begin % 2048 + 2048) % 2048))
	[ "$room" -gt 0 ] || room=2048
	echo "$(($1 >> 20))M,slots=1,maxmem=$((($1 >> 20) + room))M"
}
