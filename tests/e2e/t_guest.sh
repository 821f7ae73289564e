#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole agent as a process-level guest: no machine is booted, but registry, key broker, verifier and TPM are the real
# ones. Its TPM gets the measurements of a machine that did boot, and the owner's rules hold as they are.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"
. "$here/process_guest.sh"

t_runs_to_the_end() {
	local code=0
	guest_up plain "$lab/initdata-quick"
	session plain "$quick"
	wait "$driver" || code=$?
	expect_eq "$code" 7 "exit code ($(tail -n 3 "$lab/plain.err"; tail -n 3 "$lab/guest-plain.log"))"
	expect_eq "$(cat "$lab/plain.out")" quick stdout
}

t_runs_to_the_end_over_vsock() {
	local code=0
	guest_up vsock "$lab/initdata-quick"
	session vsock "$quick" --vsock
	wait "$driver" || code=$?
	expect_eq "$code" 7 "exit code ($(tail -n 3 "$lab/vsock.err"; tail -n 3 "$lab/guest-vsock.log"))"
	expect_eq "$(cat "$lab/vsock.out")" quick stdout
}

# Memory of all our processes while a container idles: what is each one's own, and what is shared counted once. This is
# an upper bound of the sum of PSS in a guest, where nobody else shares these libraries.
t_memory_while_a_container_idles() {
	local n own shared
	guest_up idle "$lab/initdata"
	session idle "$image"
	until_true 60 "the workload" grep -q started "$lab/idle.out"
	sleep 1
	read -r n own shared < <(memory_of "$agent")
	note "$n processes: $own KiB of their own, $shared KiB shared"
	[ "$n" -ge 2 ] || fail "only $n processes"
	[ $((own + shared)) -le 16384 ] || fail "$((own + shared)) KiB (own $own, shared $shared) in $n processes"
	kill -TERM "$driver"
	wait "$driver" 2>/dev/null || true
}

t_nothing_plain_outside_the_guests_memory() {
	! grep -rqF "$secret_line" "$lab/registry" "$lab/g-plain" "$lab/kbs" 2>/dev/null ||
		fail "plain text of the image lies on the host"
}

t_refused_with_one_event_more() {
	local code=0
	guest_up more "$lab/initdata-quick"
	tpm2_pcrextend --tcti "swtpm:path=$lab/g-more/tpm.sock" "4:sha256=$(printf '%064d' 1)"
	session more "$quick"
	wait "$driver" || code=$?
	expect_eq "$code" 125 "exit code"
	expect_eq "$(stat -c %s "$lab/more.out")" 0 "bytes of output"
}

lab_open
{ lab_certs && lab_registry && lab_image quick echo quick exit 7 && seven=$image && lab_image zero exit 0 && quick=$image &&
	lab_image demo echo started idle && lab_kbs && lab_measure >/dev/null && lab_tpm_ca && lab_owner >/dev/null &&
	lab_initdata "$lab/initdata" --image "$image" && lab_initdata "$lab/initdata-quick" --image "$seven" &&
	record_event_log; } || { echo "no lab"; exit 2; }
quick=$seven
run_tests
