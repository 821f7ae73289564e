# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every end-to-end test file shares: named checks that count themselves, and a lab folder that goes away with all
# that was started in it. A test file sources this, defines functions named t_*, and ends with `run_tests`.
set -uo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac
bin=$BUILD/bin
guest=$BUILD/guest
lab=
foreground=

say() {
	printf '%s\n' "$*"
}

# A figure that is shown even when the test passes.
note() {
	printf '    note: %s\n' "$*"
}

# Fails the running test with a reason.
fail() {
	printf '    %s\n' "$*" >&2
	exit 1
}

skip() {
	printf '    skipped: %s\n' "$*" >&2
	exit 77
}

expect_eq() {
	[ "$1" = "$2" ] || fail "${3:-value}: expected '$2', found '$1'"
}

expect_in() {
	grep -qF -- "$2" "$1" || fail "${3:-$1} has no '$2': $(head -c 2000 "$1")"
}

expect_not_in() {
	! grep -qF -- "$2" "$1" || fail "${3:-$1} has '$2'"
}

# until_true SECONDS WHAT COMMAND...: polls; the deadline is an error.
until_true() {
	local deadline=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || fail "waited in vain for $what"
		sleep 0.05
	done
}

# A port of the loopback interface on which nobody listens now.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

now_ms() {
	local t=$EPOCHREALTIME
	echo $((${t%.*} * 1000 + 10#${t#*.} / 1000))
}

# --- the lab: a folder, and the processes that were started in it --------------------------------------------------

lab_open() {
	[ -n "$lab" ] && return
	lab=$(mktemp -d "${TMPDIR:-/tmp}/coffer-lab.XXXXXX")
	: >"$lab/pids"
	# Where `coffer run` keeps its private folders: what is left there after a run, it left behind.
	mkdir -m 700 "$lab/runtime"
	export XDG_RUNTIME_DIR=$lab/runtime
	trap lab_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# start NAME COMMAND...: in the background in a session of its own, so that it and all its children can be ended.
start() {
	local name=$1
	shift
	setsid "$@" >"$lab/$name.log" 2>&1 </dev/null &
	started=$!
	echo "$started $name" >>"$lab/pids"
}

# Some processes of a dead parent stay as zombies where nothing reaps them: these do not count as alive.
alive() {
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) && [ -n "$state" ] && [ "$state" != Z ]
}

session_members() {
	ps -o pid=,stat= --sid "$1" 2>/dev/null | awk '$2 !~ /^Z/ { print $1 }'
}

stop() {
	local pid=$1 signal
	for signal in TERM KILL; do
		kill -$signal -- "-$pid" 2>/dev/null
		for _ in $(seq 60); do
			[ -n "$(session_members "$pid")" ] || return 0
			sleep 0.05
		done
		# A member may have made a group of its own.
		session_members "$pid" | xargs -r kill -$signal 2>/dev/null
	done
}

lab_close() {
	local pid name
	set +e
	trap '' INT TERM HUP
	if [ -n "${foreground:-}" ]; then
		kill -TERM "$foreground" 2>/dev/null
		wait "$foreground" 2>/dev/null
	fi
	if [ -n "$lab" ] && [ -d "$lab" ]; then
		while read -r pid name; do
			stop "$pid"
		done < <(tac "$lab/pids")
		[ -n "${COFFER_KEEP_LAB:-}" ] && echo "lab kept: $lab" >&2 || rm -rf "$lab"
	fi
}

# --- running -------------------------------------------------------------------------------------------------------

# Runs every t_* function of the file in a subshell of its own, in the order in which they stand; prints one line each
# and the counts that tests/e2e/run adds up.
run_tests() {
	local name began code passed=0 failed=0 skipped=0 out
	out=$(mktemp)
	for name in $(sed -n 's/^\(t_[a-z0-9_]*\)() {$/\1/p' "$0"); do
		[ -z "${ONLY:-}" ] || [[ $name =~ $ONLY ]] || continue
		began=$(now_ms)
		(trap - EXIT; set -e; "$name") >"$out" 2>&1
		code=$?
		case $code in
		0) passed=$((passed + 1)) ;;
		77) skipped=$((skipped + 1)) ;;
		*) failed=$((failed + 1)) ;;
		esac
		printf '  %-4s %s (%d ms)\n' "$([ $code -eq 0 ] && echo ok || { [ $code -eq 77 ] && echo skip || echo FAIL; })" \
			"${name#t_}" $(($(now_ms) - began))
		if [ $code -eq 0 ]; then grep '^    note: ' "$out"; else tail -n 40 "$out"; fi
	done
	rm -f "$out"
	printf 'counts %d %d %d\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
}
