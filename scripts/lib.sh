# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# lib.sh - what the build scripts share: paths, messages, locks, stamps
#
# Sourced by scripts that set `prog` and `top` (the root of the clone) first.
# Everything built lies under $top/build; nothing here writes elsewhere.

# shellcheck disable=SC2034,SC2154
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
build=$top/build
cache=$build/cache
src=$build/src
bin=$build/bin
versions=$build/versions.sh
debian_sources=$build/apt/trixie.sources

say()
{
	echo "$prog: $*"
}

die()
{
	echo "$prog: error: $*" >&2
	exit 1
}

# lock NAME: hold an exclusive lock until this shell ends.  Two builds of the
# same part in one clone wait for each other instead of spoiling the output.
lock()
{
	mkdir -p "$build/lock"
	exec 9> "$build/lock/$1"
	if ! flock -n 9; then
		say "waiting for another $1 build in this clone"
		flock 9
	fi
}

# hash_of PATH...: one word that changes when names or contents of the files
# below the given paths change.  Missing paths count as empty.
hash_of()
{
	for hash_path in "$@"; do
		[ ! -e "$hash_path" ] || find "$hash_path" -type f -print
	done | LC_ALL=C sort | while IFS= read -r hash_file; do
		sha256sum "$hash_file"
	done | sha256sum | cut -c1-32
}

# fresh STAMP KEY: true when STAMP records KEY already.
fresh()
{
	[ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# stamp STAMP KEY: record KEY; the last act of a step, so that a killed step
# is done again.
stamp()
{
	mkdir -p "$(dirname "$1")"
	printf '%s\n' "$2" > "$1.new"
	mv "$1.new" "$1"
}

# need_versions: read what set-up found (QEMU_VERSION, KERNEL_RELEASE, ...).
need_versions()
{
	[ -f "$versions" ] || die "no $versions: run 'make setup' first"
	# shellcheck disable=SC1090
	. "$versions"
}

# logged LOG COMMAND...: run quietly, show the end of the log on failure.
logged()
{
	logged_to=$1
	shift
	mkdir -p "$(dirname "$logged_to")"
	if ! "$@" > "$logged_to" 2>&1; then
		tail -n 30 "$logged_to" >&2
		die "'$1' failed; the whole log is $logged_to"
	fi
}

# Root in a user namespace: the user's own files are root's there, and what belongs
# to others is of numbers that /etc/subuid gives this user.
own_root="unshare --user --map-root-user --map-auto --mount --fork --kill-child"

# can_be_root: die unless this user is root, or can be in a namespace
can_be_root()
{
	[ "$(id -u)" != 0 ] || return 0
	! $own_root true 2> /dev/null || return 0
	me=$(id -un)
	command -v newuidmap > /dev/null ||
		die "who is not root needs the package uidmap (scripts/setup" \
			"installs it) to make the guest's file tree"
	grep -q "^\($me\|$(id -u)\):" /etc/subuid 2> /dev/null ||
		die "$me has no user numbers for the guest's file tree: sudo" \
			"usermod --add-subuids 100000-165535" \
			"--add-subgids 100000-165535 $me"
	die "this machine lets $me have no user namespace, in which the guest's" \
		"file tree is made: sudo make build; then, as yourself," \
		"build/bin/dcd-vm start NAME"
}

# become_root SCRIPT [ARGUMENT...]: whoever is not root goes on in that namespace
become_root()
{
	[ "$(id -u)" != 0 ] || return 0
	can_be_root
	# shellcheck disable=SC2086
	exec $own_root "$@"
}

# in_tree TREE COMMAND...: below TREE as root.  A tree that was made in a namespace has
# no device files; this machine's are there until the namespace ends.
in_tree()
{
	[ -c "$1/dev/null" ] || mount --rbind /dev "$1/dev"
	chroot "$@"
}
