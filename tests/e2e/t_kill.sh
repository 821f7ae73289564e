#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sudden deaths in real virtual machines: QEMU, swtpm and coffer itself killed in each phase, and a person's signals.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"

# run_beside NAME: `coffer run` of the idling workload in the background; sets $run.
run_beside() {
	run_options
	: >"$lab/registry.seen"
	wc -l <"$lab/registry.log" >"$lab/registry.seen"
	kbs get-audit | wc -l >"$lab/audit.seen"
	"$bin/coffer" run --initdata "$lab/initdata" "${run_opts[@]}" --report "$lab/$1.json" --console "$lab/$1.console" \
		"$image" >"$lab/$1.out" 2>"$lab/$1.err" </dev/null &
	run=$!
}

child_named() {
	pgrep -P "$run" -f "$1" | head -n 1
}

pulling() {
	grep -q 'GET /v2/demo' < <(tail -n "+$(($(cat "$lab/registry.seen") + 1))" "$lab/registry.log")
}

attesting() {
	grep -vq get-audit < <(kbs get-audit | tail -n "+$(($(cat "$lab/audit.seen") + 1))")
}

# until_phase NAME PHASE
until_phase() {
	case $2 in
	boot) until_true 20 "QEMU" child_named qemu-system && sleep 1 ;;
	attest) until_true 60 "attestation" attesting ;;
	pull) until_true 60 "the pull" pulling ;;
	running) until_true 60 "the workload" grep -q started "$lab/$1.out" ;;
	esac
}

gone() {
	local pid
	for pid in "$@"; do
		! alive "$pid" || return 1
	done
}

ended() {
	! alive "$run"
}

# The next run clears what a killed one could not.
next_run_sweeps() {
	coffer_run sweep "$lab/initdata-quick" "$quick"
	expect_eq "$code" 0 "the next run ($(tail -n 2 "$lab/sweep.err"))"
	expect_eq "$(find "$lab/runtime" -mindepth 2 -maxdepth 2 -type d | wc -l)" 0 "private folders left behind"
}

qemu_dies() {
	local name=qemu-$1 code=0 tpm
	run_beside "$name"
	until_phase "$name" "$1"
	tpm=$(child_named 'swtpm socket')
	kill -KILL "$(child_named qemu-system)"
	until_true 15 "coffer to see it" ended
	wait "$run" || code=$?
	expect_eq "$code" 125 "exit code"
	expect_eq "$(jq -r .outcome "$lab/$name.json")" failed outcome
	[ "$(jq -r .reason "$lab/$name.json")" != null ] || fail "no reason"
	until_true 5 "swtpm to go" gone $tpm
	expect_eq "$(find "$lab/runtime" -mindepth 2 -maxdepth 2 -type d | wc -l)" 0 "private folders left behind"
}

coffer_dies() {
	local name=coffer-$1 vm tpm
	run_beside "$name"
	until_phase "$name" "$1"
	vm=$(child_named qemu-system)
	tpm=$(child_named 'swtpm socket')
	kill -KILL "$run"
	wait "$run" 2>/dev/null || true
	until_true 10 "QEMU and swtpm to go" gone $vm $tpm
}

t_qemu_killed_at_boot() {
	qemu_dies boot
}

t_qemu_killed_while_attesting() {
	qemu_dies attest
}

t_qemu_killed_while_pulling() {
	qemu_dies pull
}

t_qemu_killed_while_running() {
	qemu_dies running
}

t_coffer_killed_at_boot() {
	coffer_dies boot
}

t_coffer_killed_while_attesting() {
	coffer_dies attest
}

t_coffer_killed_while_running() {
	coffer_dies running
}


t_next_run_sweeps_what_was_left() {
	next_run_sweeps
}

t_swtpm_killed_while_running() {
	local code=0
	run_beside tpm
	until_phase tpm running
	kill -KILL "$(child_named 'swtpm socket')"
	# The machine lives on or ends, but never hangs.
	sleep 1
	kill -TERM "$run"
	until_true 20 "coffer to end" ended
	wait "$run" || code=$?
	expect_eq "$(find "$lab/runtime" -mindepth 2 -maxdepth 2 -type d | wc -l)" 0 "private folders left behind"
}

t_interrupt_at_boot() {
	local code=0 vm
	run_beside int
	until_phase int boot
	vm=$(child_named qemu-system)
	kill -INT "$run"
	until_true 20 "coffer to end" ended
	wait "$run" || code=$?
	expect_eq "$code" 125 "exit code"
	expect_eq "$(jq -r .outcome "$lab/int.json")" interrupted outcome
	until_true 5 "QEMU to go" gone $vm
}

t_stopped_machine_is_told_from_a_slow_one() {
	local code=0 vm
	run_beside silent
	until_phase silent running
	vm=$(child_named qemu-system)
	kill -STOP "$vm"
	until_true 160 "coffer to give up" ended
	wait "$run" || code=$?
	kill -CONT "$vm" 2>/dev/null || true
	expect_eq "$code" 125 "exit code"
	expect_eq "$(jq -r .reason "$lab/silent.json")" agent-silent reason
}

lab_open
{ lab_certs && lab_registry && lab_image quick exit 0 && quick=$image && lab_image demo echo started idle && lab_kbs &&
	lab_measure >/dev/null && lab_tpm_ca && lab_owner >/dev/null && lab_initdata "$lab/initdata" --image "$image" &&
	lab_initdata "$lab/initdata-quick" --image "$quick"; } || { echo "no lab"; exit 2; }
run_tests
