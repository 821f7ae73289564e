#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make demo as a person meets it: twice at once, and interrupted at any moment.
. "$(dirname "$0")/harness.sh"

# demo NAME: in the background, as from a terminal of its own, with its temporary files in $lab/NAME.
demo() {
	mkdir -p "$lab/$1"
	# A background command ignores interrupts unless it is told not to.
	start "$1" env --default-signal=INT TMPDIR="$lab/$1" BUILD="$BUILD" "$here/demo"
}

clean_after() {
	local left
	left=$(pgrep -fa "$lab/$1/coffer-lab" || true)
	expect_eq "$left" "" "processes left behind"
	expect_eq "$(find "$lab/$1" -mindepth 1 -maxdepth 1 | wc -l)" 0 "temporary files left behind"
	! grep -q "$lab/$1" /proc/mounts || fail "a mount was left behind"
}

ended() {
	! alive "$1"
}

t_two_at_once() {
	local first second name
	demo first
	first=$started
	demo second
	second=$started
	until_true 400 "the first demo" ended "$first"
	until_true 400 "the second demo" ended "$second"
	for name in first second; do
		expect_in "$lab/$name.log" "all done in"
		expect_eq "$(grep -c ': refused, ' "$lab/$name.log")" 5 "refusals"
		clean_after "$name"
	done
	# No colours and no progress bars on a pipe.
	expect_not_in "$lab/first.log" $'\e['
}

# interrupted NAME TEXT SECONDS: Ctrl-C so many seconds after TEXT was shown.
interrupted() {
	local pid code=0
	demo "$1"
	pid=$started
	until_true 120 "'$2'" grep -qF "$2" "$lab/$1.log"
	sleep "$3"
	kill -INT -- "-$pid"
	until_true 30 "the end" ended "$pid"
	wait "$pid" || code=$?
	expect_eq "$code" 130 "exit code"
	clean_after "$1"
}

t_interrupt_while_building() {
	interrupted build "[2/6]" 0
}

t_interrupt_while_publishing() {
	interrupted publish "[3/6]" 0.2
}

t_interrupt_while_booting() {
	interrupted boot "[5/6]" 2
}

t_interrupt_while_attesting() {
	interrupted attest "[5/6]" 6
}

t_interrupt_in_the_refusals() {
	interrupted refusals "one byte of the initrd" 3
}

lab_open
run_tests
