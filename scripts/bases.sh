# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# bases.sh - what Debian serves beside the bases of the build
#
# Sourced by scripts/check-bases, after lib.sh and apt.sh.  Looks into suites
# that this machine does not use, by an apt of its own below build/bases/apt:
# the machine's apt and its pins stay as they are.

# shellcheck disable=SC2154
bases=$build/bases
base_chroot=$bases/chroot

# apt_here COMMAND...: apt-get, apt-cache with the suites of all bases
apt_here()
{
	apt_command=$1
	shift
	"$apt_command" -q -o Dir::State="$bases/apt/state" \
		-o Dir::State::status="$bases/apt/status" \
		-o Dir::Cache="$bases/apt/cache" \
		-o Dir::Etc::sourcelist="$bases/apt/bases.sources" \
		-o Dir::Etc::sourceparts="$bases/apt/none" \
		-o Dir::Etc::preferences="$bases/apt/none/pins" \
		-o Dir::Etc::preferencesparts="$bases/apt/none" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}

# look_at_suites: from the machine's own mirrors, indexes of what Debian 12, 13
# and their backports serve, and of unstable's sources
look_at_suites()
{
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mkdir -p "$bases/apt/state/lists/partial" "$bases/apt/none" \
		"$bases/apt/cache/archives/partial" "$build/log"
	: > "$bases/apt/status"
	own_sources > "$bases/apt/own"
	row=$(awk -F'|' -v s="$codename" \
		'$2 == s && $3 ~ /(^| )main( |$)/ { print; exit }' "$bases/apt/own")
	[ -n "$row" ] || die "no apt source of this machine serves the suite" \
		"$codename (component main): add one to /etc/apt first"
	mirror=$(echo "$row" | cut -d'|' -f1)
	key=$(echo "$row" | cut -d'|' -f4)
	trusted=$(echo "$row" | cut -d'|' -f5)
	security=$(awk -F'|' -v s="$codename-security" \
		'$2 == s { print $1; exit }' "$bases/apt/own")
	{
		stanza deb "$mirror" "bookworm-backports trixie trixie-backports" \
			"$key" "$trusted"
		stanza deb-src "$mirror" "trixie-backports sid" "$key" "$trusted"
		[ -z "$security" ] || stanza deb "$security" \
			"bookworm-security trixie-security" "$key" "$trusted"
	} > "$bases/apt/bases.sources"
	# A suite that this mirror lacks leaves its bases out, nothing else.
	apt_here apt-get update > "$build/log/bases-update.log" 2>&1 ||
		say "apt-get update had errors (see build/log/bases-update.log)"
}

# fetch_qemu_102: the newest 10.2 in build/src/qemu-10.2; false when none is
# served and none is there
fetch_qemu_102()
{
	qemu=
	for v in $(apt_here apt-cache madison qemu | awk -F' *[|] *' \
		'$3 ~ /Sources/ { gsub(/ /, "", $2); print $2 }'); do
		case ${v#*:} in
		10.2.*) ;;
		*) continue ;;
		esac
		[ -n "$qemu" ] && dpkg --compare-versions "$v" lt "$qemu" || qemu=$v
	done
	[ -n "$qemu" ] || [ -d "$src/qemu-10.2" ] || return 1
	if [ -z "$qemu" ] || fresh "$src/.qemu-10.2.version" "$qemu"; then
		return 0
	fi
	say "QEMU $qemu: fetching and unpacking"
	(cd "$cache" && logged "$build/log/fetch-qemu-10.2.log" apt_here apt-get \
		source --download-only "qemu=$qemu")
	rm -rf "$src/qemu-10.2"
	logged "$build/log/unpack-qemu-10.2.log" dpkg-source -x --no-copy \
		"$cache/qemu_${qemu#*:}.dsc" "$src/qemu-10.2"
	stamp "$src/.qemu-10.2.version" "$qemu"
}

# served_kernels: a line "RELEASE VERSION" for each kernel of the series 6.12
# that Debian 12 or 13 serves, and for the newest of all
served_kernels()
{
	# The last line is the newest of all.
	apt_here apt-cache pkgnames linux-headers- |
		sed -n 's/^linux-headers-\([0-9.]*+deb1[23][0-9.]*-amd64\)$/\1/p' |
		sort -V > "$bases/releases"
	newest=$(grep '+deb13' "$bases/releases" | tail -n 1)
	{
		grep '^6\.12\.' "$bases/releases"
		echo "$newest"
	} | sort -Vu | while IFS= read -r release; do
		version=$(apt_here apt-cache show "linux-headers-$release" |
			sed -n 's/^Version: //p' | sort -V | tail -n 1)
		echo "$release $version"
	done
}

# make_base_chroot: compilers of Debian 12's and Debian 13's kernels
make_base_chroot()
{
	packages=gcc,gcc-12,libc6-dev,make,kmod,libelf1t64,pahole,xz-utils
	key=$packages-$(hash_of "$debian_sources")
	! fresh "$bases/chroot.stamp" "$key" || return 0
	say "making build/bases/chroot (about a minute)"
	rm -rf "$base_chroot" "$bases/chroot.stamp"
	logged "$build/log/bases-chroot.log" mmdebstrap --variant=minbase \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='Apt::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--include="$packages" trixie "$base_chroot" "$debian_sources"
	stamp "$bases/chroot.stamp" "$key"
}

# fetch_kernel RELEASE VERSION: into the chroot, headers and kbuild, and in
# /private/VERSION the private headers of drivers/cxl and drivers/dax
fetch_kernel()
{
	! fresh "$base_chroot/private/$1.stamp" "$2" || return 0
	say "Linux $1: fetching headers and private headers"
	tmp=$bases/fetch
	rm -rf "$tmp"
	mkdir -p "$tmp" "$base_chroot/private/$1"
	abi=${1%-amd64}
	series=$(echo "$2" | cut -d. -f1-2)
	(cd "$tmp" && logged "$build/log/fetch-$1.log" apt_here apt-get download \
		"linux-headers-$1=$2" "linux-headers-$abi-common=$2" \
		"linux-kbuild-$abi=$2" "linux-source-$series=$2")
	for deb in "$tmp"/linux-headers-*.deb "$tmp"/linux-kbuild-*.deb; do
		dpkg-deb -x "$deb" "$base_chroot"
	done
	dpkg-deb --fsys-tarfile "$tmp"/linux-source-*.deb | tar -xf - -C "$tmp" \
		"./usr/src/linux-source-$series.tar.xz"
	tar -xf "$tmp/usr/src/linux-source-$series.tar.xz" --strip-components=1 \
		-C "$base_chroot/private/$1" --wildcards \
		"linux-source-$series/drivers/cxl/*.h" \
		"linux-source-$series/drivers/dax/*.h"
	rm -rf "$tmp"
	stamp "$base_chroot/private/$1.stamp" "$2"
}

# fetch_kernel_image RELEASE VERSION DIR: the packages that boot
fetch_kernel_image()
{
	rm -rf "$3"
	mkdir -p "$3"
	names=$(apt_here apt-cache pkgnames linux- |
		grep -Fx -e "linux-image-$1" -e "linux-binary-$1" \
			-e "linux-modules-$1" -e "linux-base-$1" | sed "s/\$/=$2/")
	# shellcheck disable=SC2086
	(cd "$3" && logged "$build/log/fetch-image-$1.log" \
		apt_here apt-get download $names)
}
