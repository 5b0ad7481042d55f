# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# places.sh - ports and sockets that a machine wants, and whether they are free
#
# Sourced by scripts/dcd-vm after values.sh.

port_taken()
{
	hex=$(printf '%04X' "$1")
	cat /proc/net/tcp /proc/net/tcp6 2> /dev/null |
		awk -v p=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == p {
			found = 1 } END { exit !found }'
}

# answers SOCKET: 0 somebody listens there, 1 nobody does, else it cannot be
# told.  A full queue, too, is somebody's.  Debian always has perl.
answers()
{
	# shellcheck disable=SC2016  # perl's
	perl -MSocket -MIO::Handle -MErrno -e '
		socket(my $s, AF_UNIX, SOCK_STREAM, 0) or exit 2;
		$s->blocking(0);
		exit 0 if connect($s, pack_sockaddr_un($ARGV[0]));
		exit 0 if $!{EAGAIN} || $!{EINPROGRESS};
		exit(($!{ECONNREFUSED} || $!{ENOENT}) ? 1 : 2)' "$1" 2> /dev/null
}

# take_lock OPTION PATH DESCRIPTOR: false when PATH.lock was removed on the way, by
# who had it (place.py)
take_lock()
{
	# One that another user left behind must be in nobody's way: what that user
	# binds, we could not remove.
	if [ -r "$2.lock" ]; then
		eval "command exec $3< \"\$2.lock\"" 2> /dev/null || return 1
	elif [ -e "$2.lock" ]; then
		eval "exec $3< /dev/null"
		return 0
	else
		[ -w "$(dirname "$2")" ] || die "$1 $2: nothing can be" \
			"written in that folder"
		mask=$(umask)
		umask 022
		eval "exec $3> \"\$2.lock\""
		umask "$mask"
	fi
	flock -n "$3" || die "$2 belongs to a running machine;" \
		"stop that, or choose another path with $1"
	# shellcheck disable=SC2016  # perl's
	perl -e 'my @had = stat "/dev/fd/$ARGV[0]"; my @is = stat $ARGV[1];
		exit !(@had && @is && "@had[0,1]" eq "@is[0,1]")' "$3" "$2.lock"
}

# claim_socket OPTION PATH DESCRIPTOR: die unless PATH may be bound.  QEMU removes
# whatever is there before it binds, so nobody else may be on the way to the same
# path: the descriptor, which QEMU inherits, keeps PATH.lock until it ends.
claim_socket()
{
	socket_path "$1" "$2"
	[ -d "$(dirname "$2")" ] || die "$1 $2: no such folder"
	if [ -S "$2" ] && [ ! -w "$2" ]; then
		die "$2 belongs to another user; choose another path with $1"
	fi
	if [ -e "$2" ] && [ ! -S "$2" ]; then
		die "$2 exists and is not a socket;" \
			"remove it, or choose another path with $1"
	fi
	if [ -L "$2.lock" ] || { [ -e "$2.lock" ] && [ ! -f "$2.lock" ]; }; then
		die "$2.lock is not a file of this program: remove it"
	fi
	until take_lock "$@"; do :; done
	[ -S "$2" ] || return 0
	live=0
	answers "$2" || live=$?
	case $live in
	0)
		die "$2 belongs to a running machine;" \
			"stop that, or choose another path with $1"
		;;
	1) rm -f "$2" ;;
	*)
		die "cannot tell whether somebody uses $2: remove it," \
			"or choose another path with $1"
		;;
	esac
}
