#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job and its refusals in real virtual machines.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"

phases="firmware kernel agent-ready attest pull decrypt unpack container-start"

report() {
	jq -r "$2" "$lab/$1.json"
}

nothing_left() {
	expect_eq "$(find "$lab/runtime" -mindepth 2 -maxdepth 2 -type d 2>/dev/null | wc -l)" 0 "private folders left behind"
	expect_eq "$(pgrep -f "$lab/runtime" | wc -l)" 0 "processes left behind"
}

# expect_refusal NAME REASONS: exit code 125, one of the reasons on stderr and in the report, and no workload.
expect_refusal() {
	local name=$1 reason
	reason=$(report "$name" .reason)
	expect_eq "$code" 125 "exit code ($(cat "$lab/$name.err"))"
	[[ " $2 " == *" $reason "* ]] || fail "reason '$reason', expected one of: $2"
	expect_eq "$(report "$name" .outcome)" "${3:-refused}" outcome
	expect_in "$lab/$name.err" "$reason"
	expect_eq "$(stat -c %s "$lab/$name.out")" 0 "bytes of output"
	expect_not_in "$lab/$name.console" "$secret_line" console
	nothing_left
}

audit_has() {
	kbs get-audit >"$lab/audit" || fail "no audit log"
	grep -qF "$1" "$lab/audit" || fail "the audit log has no $1: $(tail -n 5 "$lab/audit")"
}

t_main_job() {
	coffer_run main "$lab/initdata" "$image"
	expect_eq "$code" 0 "exit code ($(tail -n 5 "$lab/main.err"))"
	# stdout is the workload's alone.
	expect_eq "$(wc -l <"$lab/main.out")" 4 "lines on stdout"
	expect_in "$lab/main.out" "kernel: Linux $(jq -r .kernel.release "$guest/manifest.json")"
	expect_in "$lab/main.out" "uid: 1000"
	expect_in "$lab/main.out" "file in the encrypted layer: $secret_line"
	expect_in "$lab/main.out" "secret from the key broker: $secret_value"
	nothing_left
}

t_report_of_the_main_job() {
	local phase n
	expect_eq "$(report main .format)" coffer-run-report/1 format
	expect_eq "$(report main '.outcome + " " + (.exit_code | tostring) + " " + .verdict + " " + .tee')" \
		"exited 0 affirming tpm" report
	expect_eq "$(report main .image_digest)" "${image#*@}" "image digest"
	expect_eq "$(report main .initdata_digest)" "$("$bin/coffer" initdata digest "$lab/initdata")" "initdata digest"
	[ "$(report main .bytes.pulled)" -gt 1000 ] || fail "nothing was pulled"
	for phase in $phases; do
		n=$(report main ".phases_ms[\"$phase\"]")
		[[ $n =~ ^[0-9]+$ ]] || fail "phase $phase: $n"
	done
	note "$(jq -c .phases_ms "$lab/main.json")"
	expect_eq "$(report main '.reason, .message, .refusal' | sort -u)" null "reason of a good end"
}

# Predicted before anything booted, and then measured.
t_measured_is_predicted() {
	local pcr
	for pcr in 0 1 2 3 4 5 6 7 9; do
		expect_eq "$(report main ".measurement.pcrs[\"$pcr\"]")" "$(jq -r ".pcrs[\"$pcr\"]" "$lab/reference.json")" "PCR $pcr"
	done
}

t_audit_tells_of_the_release() {
	audit_has default/image-key/demo
	audit_has default/demo/secret
	kbs verify-audit >/dev/null || fail "the audit chain is broken"
}

t_registry_holds_no_plain_text() {
	! grep -rqF "$secret_line" "$lab/registry" || fail "plain text in the registry"
}

t_exit_code_and_json() {
	lab_image code echo out err oops exit 42
	lab_initdata "$lab/initdata-code" --image "$image"
	coffer_run code "$lab/initdata-code" "$image" --json
	expect_eq "$code" 42 "exit code"
	expect_eq "$(cat "$lab/code.out")" out stdout
	jq -e '.outcome == "exited" and .exit_code == 42' "$lab/code.err" >/dev/null || fail "stderr is not the report alone"
	cmp "$lab/code.err" "$lab/code.json" || fail "--json and --report differ"
}

t_refused_changed_initrd() {
	lab_other_initrd "$lab/guest-initrd"
	GUEST=$lab/guest-initrd coffer_run initrd "$lab/initdata" "$image"
	expect_refusal initrd pcr-mismatch
	expect_eq "$(report initrd '.refusal.pcr')" 9 PCR
	expect_eq "$(report initrd '.refusal.event')" initrd event
	expect_eq "$(report initrd '.verdict')" contraindicated verdict
	audit_has pcr-mismatch
}

t_refused_changed_command_line() {
	lab_other_cmdline "$lab/guest-cmdline"
	GUEST=$lab/guest-cmdline coffer_run cmdline "$lab/initdata" "$image"
	expect_refusal cmdline pcr-mismatch
	expect_eq "$(report cmdline '.refusal.pcr')" 9 PCR
	expect_eq "$(report cmdline '.refusal.event')" cmdline event
}

t_refused_changed_initdata() {
	sed 's/"stdin": *false/"stdin": true/; $a # changed by the host' "$lab/initdata" >"$lab/initdata-host"
	coffer_run initdata "$lab/initdata-host" "$image"
	expect_refusal initdata initdata-mismatch
}

t_refused_other_image() {
	local pinned=$image
	lab_image other show
	coffer_run other "$lab/initdata" "$image"
	expect_refusal other policy-denied
	image=$pinned
}

# T-35: a layer of a megabyte that becomes more than the guest's memory: a clear end by the agent's own hand, not by the
# kernel's.
t_t035_bomb() {
	mkdir -p "$lab/bomb"
	truncate -s 900M "$lab/bomb/zeros"
	lab_trees bomb "$lab/bomb" -- --config.cmd exit --config.cmd 0 && cp -r "$lab/oci-bomb" "$lab/enc-bomb" || fail "no image"
	(lab_push bomb && echo "$image" >"$lab/bomb-image") || fail "no image"
	rm -rf "$lab/bomb"
	lab_initdata "$lab/initdata-bomb" --image "$(cat "$lab/bomb-image")"
	coffer_run bomb "$lab/initdata-bomb" "$(cat "$lab/bomb-image")"
	expect_refusal bomb image-too-large failed
	expect_in "$lab/bomb.err" "MiB that the guest has for them"
	expect_not_in "$lab/bomb.console" "Out of memory"
}

# Asked for by name, it is that or nothing; left to coffer, it is what the host has, and the report tells which.
t_transport_by_choice() {
	local has=serial
	[ ! -w /dev/vhost-vsock ] || has=vsock
	expect_eq "$(report main .transport)" "$has" "transport of the main job"
	[ "$has" = serial ] || skip "this host has vsock"
	coffer_run vsock "$lab/initdata" "$image" --transport vsock
	expect_refusal vsock vsock-unavailable failed
	coffer_run pigeon "$lab/initdata" "$image" --transport pigeon
	expect_refusal pigeon transport-unknown failed
}

t_refused_guest_file_that_is_not_the_manifests() {
	cp -r --reflink=auto "$guest" "$lab/guest-bad"
	flip_byte "$lab/guest-bad/initrd"
	GUEST=$lab/guest-bad coffer_run bad "$lab/initdata" "$image"
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report bad .reason)" guest-image-mismatch reason
}

t_refused_profile_that_is_not_there() {
	coffer_run profile "$lab/initdata" "$image" --profile huge
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report profile .reason)" machine-not-in-manifest reason
}

# A machine that the manifest knows and the owner has not registered.
t_refused_profile_that_is_not_registered() {
	coffer_run large "$lab/initdata" "$image" --profile large
	expect_refusal large pcr-mismatch
}

t_refused_tpm_of_a_stranger() {
	mv "$lab/tpm-ca" "$lab/tpm-ca-kept"
	coffer_run stranger "$lab/initdata" "$image"
	rm -rf "$lab/tpm-ca"
	mv "$lab/tpm-ca-kept" "$lab/tpm-ca"
	expect_eq "$code" 125 "exit code"
	[ "$(report stranger .reason)" != null ] || fail "no reason"
	expect_eq "$(stat -c %s "$lab/stranger.out")" 0 "bytes of output"
	nothing_left
}

# While the broker is away a run waits for it, and no longer than it was told to.
t_key_broker_down() {
	local began=$SECONDS
	stop "$(cat "$lab/kbs.pid")"
	RUN_TIMEOUT=25 coffer_run down "$lab/initdata" "$image"
	lab_kbs_serve "$kbs_port"
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report down .outcome)" failed outcome
	[ "$(report down .reason)" != null ] || fail "no reason"
	[ $((SECONDS - began)) -lt 45 ] || fail "took $((SECONDS - began)) s to say so"
	nothing_left
}

t_key_broker_comes_back() {
	stop "$(cat "$lab/kbs.pid")"
	(sleep 12 && lab_kbs_serve "$kbs_port") &
	coffer_run back "$lab/initdata" "$image"
	wait
	expect_eq "$code" 0 "exit code ($(tail -n 3 "$lab/back.err"))"
	expect_in "$lab/back.out" "$secret_value"
	nothing_left
}

# What is on the wire once is of no use twice: the same body in its own session, and in a new one.
t_replay_of_an_old_handshake() {
	local at length header attest=/kbs/v0/attest auth=/kbs/v0/auth port status
	port=$(free_port)
	start recorder socat -r "$lab/wire" "OPENSSL-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,verify=0,cert=$lab/tls/server.pem,key=$lab/tls/server.key" \
		"OPENSSL:127.0.0.1:$kbs_port,verify=1,cafile=$lab/tls/ca.pem,commonname=$kbs_name"
	until_true 10 "the recorder" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
	(
		kbs_url=https://$kbs_name:$port
		lab_initdata_for_wire
	) || fail "initdata"
	kbs set-initdata "$lab/initdata-wire" >/dev/null
	(kbs_port=$port && coffer_run wire "$lab/initdata-wire" "$image" && expect_eq "$code" 0 "recorded run") || exit 1
	at=$(grep -abo "POST $attest" "$lab/wire" | first_offset)
	[ -n "$at" ] || fail "no attestation on the wire"
	tail -c "+$((at + 1))" "$lab/wire" >"$lab/wire.attest"
	header=$(grep -abo $'^\r$' "$lab/wire.attest" | first_offset)
	length=$(head -c "$header" "$lab/wire.attest" | sed -n 's/^[Cc]ontent-[Ll]ength: *\([0-9]*\)\r*$/\1/p')
	head -c "$((header + 2 + length))" "$lab/wire.attest" | tail -c "$length" >"$lab/wire.body"
	jq -e . "$lab/wire.body" >/dev/null || fail "the recorded body is no JSON"
	cookie=$(head -c "$header" "$lab/wire.attest" | sed -n 's/^[Cc]ookie: *\(.*[^\r]\)\r*$/\1/p')
	[ -n "$cookie" ] || fail "no session on the wire"
	status=$(post "$attest" "$lab/wire.body" "$cookie")
	expect_eq "$status" 401 "the same body in its own session"
	at=$(grep -abo "POST $auth" "$lab/wire" | first_offset)
	tail -c "+$((at + 1))" "$lab/wire" >"$lab/wire.auth"
	header=$(grep -abo $'^\r$' "$lab/wire.auth" | first_offset)
	length=$(head -c "$header" "$lab/wire.auth" | sed -n 's/^[Cc]ontent-[Ll]ength: *\([0-9]*\)\r*$/\1/p')
	head -c "$((header + 2 + length))" "$lab/wire.auth" | tail -c "$length" >"$lab/auth.body"
	status=$(post "$auth" "$lab/auth.body" "" "$lab/jar")
	expect_eq "$status" 200 "a new session"
	cookie=$(awk '$6 == "kbs-session-id" { print $6 "=" $7 }' "$lab/jar")
	status=$(post "$attest" "$lab/wire.body" "$cookie")
	expect_eq "$status" 401 "the old body in a new session"
}

lab_initdata_for_wire() {
	REGISTER=no lab_initdata "$lab/initdata-wire" --image "$image"
}

# post PATH FILE COOKIE [JAR]: prints the status.
post() {
	curl -s -o "$lab/answer" -w '%{http_code}' --cacert "$lab/tls/ca.pem" --resolve "$kbs_name:$kbs_port:127.0.0.1" \
		-H 'Content-Type: application/json' ${3:+-H "Cookie: $3"} ${4:+-c "$4"} --data-binary "@$2" "https://$kbs_name:$kbs_port$1"
}

# The registry's connection ends in the middle of a layer, each time.
t_registry_cut_mid_layer() {
	local port kept=$registry_port
	port=$(free_port)
	head -c 6000000 /dev/urandom >"$lab/noise"
	lab_layout cut --config.cmd show
	umoci insert --image "$lab/oci-cut:demo" "$lab/noise" /noise >/dev/null 2>&1
	lab_encrypt cut && lab_push cut
	image=${image/:$registry_port\//:$port/}
	start cutter socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" \
		"SYSTEM:socat STDIO TCP\\:127.0.0.1\\:$kept | head -c 2000000"
	until_true 10 "the cutter" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
	lab_initdata "$lab/initdata-cut" --image "$image"
	REGISTRY_PORT=$port coffer_run cut "$lab/initdata-cut" "$image"
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report cut .outcome)" failed outcome
	[ "$(report cut .reason)" != null ] || fail "no reason"
	expect_eq "$(stat -c %s "$lab/cut.out")" 0 "bytes of output"
	nothing_left
}

t_two_runs_at_once() {
	local first=$lab/first second=$lab/second
	run_options
	for name in first second; do
		"$bin/coffer" run --initdata "$lab/initdata" "${run_opts[@]}" "$image" >"$lab/$name.out" 2>"$lab/$name.err" </dev/null &
		echo $! >"$lab/$name.pid"
	done
	for name in first second; do
		wait "$(cat "$lab/$name.pid")" || fail "$name: exit code $? ($(tail -n 2 "$lab/$name.err"))"
		expect_in "$lab/$name.out" "$secret_value"
	done
	nothing_left
}

# Last, since it breaks the image.
t_refused_tampered_layer() {
	local blob
	blob=$(lab_blob "$("$bin/coffer" image inspect "$lab/enc-demo:demo" | jq -r '.layers[-1].digest')")
	flip_byte "$blob"
	coffer_run layer "$lab/initdata" "$image"
	expect_refusal layer "layer-digest-mismatch layer-hmac-mismatch"
}

lab_open
{ lab_certs && lab_registry && lab_image demo show && lab_kbs && lab_measure >/dev/null && lab_tpm_ca &&
	lab_owner >/dev/null && lab_initdata "$lab/initdata" --image "$image"; } || { echo "no lab"; exit 2; }
run_tests
