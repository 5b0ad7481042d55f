# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# apt.sh - where this machine's packages come from
#
# Sourced by scripts that take packages from other suites of the same mirrors,
# after lib.sh (die).

# own_sources: one line per apt source of this machine, whichever of the two
# formats it is written in: uri|suite|components|signed-by|trusted
own_sources()
{
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$f" ] || continue
		awk '$1 == "deb" {
			line = $0; key = ""; trusted = ""
			if (match(line, /\[[^]]*\]/)) {
				opt = substr(line, RSTART + 1, RLENGTH - 2)
				sub(/\[[^]]*\]/, "", line)
				n = split(opt, o, " ")
				for (i = 1; i <= n; i++) {
					if (o[i] ~ /^signed-by=/) key = substr(o[i], 11)
					if (o[i] ~ /^trusted=/) trusted = substr(o[i], 9)
				}
			}
			n = split(line, w, " "); c = ""
			for (i = 4; i <= n && w[i] !~ /^#/; i++) c = c " " w[i]
			print w[2] "|" w[3] "|" substr(c, 2) "|" key "|" trusted
		}' "$f"
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -f "$f" ] || continue
		[ "${f##*/}" != cxl-dcd.sources ] || continue
		awk 'function flush(  i, j, n, m, u, s) {
			if (f["types"] ~ /(^| )deb( |$)/ && f["enabled"] != "no") {
				n = split(f["uris"], u, " "); m = split(f["suites"], s, " ")
				for (i = 1; i <= n; i++) for (j = 1; j <= m; j++)
					print u[i] "|" s[j] "|" f["components"] "|" \
						f["signed-by"] "|" f["trusted"]
			}
			delete f; name = ""
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[ \t]/ { gsub(/^[ \t]+/, ""); f[name] = f[name] " " $0; next }
		{ name = tolower($0); sub(/:.*/, "", name); v = $0
		  sub(/^[^:]*:[ \t]*/, "", v); f[name] = v }
		END { flush() }' "$f"
	done
}

# as_root COMMAND...: what only root may do to this machine
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		command -v sudo > /dev/null ||
			die "changes this machine's packages: run it as root," \
				"or install sudo"
		sudo "$@"
	fi
}

# apt_locked LOG: whether apt gave up because another had its lock
apt_locked()
{
	grep -qE 'Could not get lock|Unable to (acquire|lock)' "$1"
}

# apt_try LOG COMMAND...: apt-get, which waits up to 10 minutes while another has
# its lock, as the automatic upgrades of a new machine do
apt_try()
{
	apt_log=$1
	shift
	mkdir -p "$(dirname "$apt_log")"
	apt_waited=0
	while ! as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
		apt-get -q -o DPkg::Lock::Timeout=60 "$@" > "$apt_log" 2>&1; do
		apt_locked "$apt_log" && [ "$apt_waited" -lt 120 ] || return 1
		[ "$apt_waited" -gt 0 ] ||
			say "waiting for another apt to end (automatic upgrades?)"
		apt_waited=$((apt_waited + 1))
		sleep "${APT_PAUSE:-5}"
	done
}

# without_services COMMAND...: what it installs starts no service.  Without leave to
# see to that, nothing is installed.
without_services()
{
	policy=${policy:-/usr/sbin/policy-rc.d}
	if [ -e "$policy" ]; then
		"$@"
		return
	fi
	(
		trap 'as_root rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		# shellcheck disable=SC2016  # the shell inside expands it
		as_root sh -c 'printf "#!/bin/sh\nexit 101\n" > "$1" &&
			chmod 755 "$1"' sh "$policy" ||
			die "cannot write $policy, without which what is" \
				"installed would start services"
		"$@"
	)
}

# no_service NAME: it does not begin with the machine
no_service()
{
	command -v systemctl > /dev/null || return 0
	as_root systemctl -q disable "$1" ||
		say "the service $1 begins with this machine from now on, which the" \
			"build has no use for: systemctl disable $1"
}

# unreachable LOG MIRROR: whether apt got no answer from it at all; that others
# do not answer is another matter
unreachable()
{
	grep -F "$2" "$1" | grep -qE 'Temporary failure resolving|Could not (resolve|connect)|'\
'Network is unreachable|No route to host|Connection (timed out|refused)|'\
'Unable to connect|Could not open socket'
}

# stanza TYPES URI SUITES KEY TRUSTED: one deb822 entry
stanza()
{
	printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$2" "$3"
	case $4 in
	"") ;;
	/*) printf 'Signed-By: %s\n' "$4" ;;
	*) die "the apt source $2 has its key inline; name a key file instead" ;;
	esac
	[ -z "$5" ] || printf 'Trusted: %s\n' "$5"
	printf '\n'
}
