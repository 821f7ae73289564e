#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The scratch disk in real virtual machines: encrypted by the guest alone, authenticated unless the owner does without,
# and room for an image that memory has no room for.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"

report() {
	jq -r "$2" "$lab/$1.json"
}

t_small() {
	coffer_run small "$lab/initdata" "$image" --scratch 256M
	cat "$lab/small.console" "$lab/small.err"
	expect_eq "$code" 0 "exit code ($(tail -n 5 "$lab/small.err"))"
	note "$(jq -c .phases_ms "$lab/small.json")"
}

lab_open
{ lab_certs && lab_registry && lab_image demo show && lab_kbs && lab_measure >/dev/null && lab_tpm_ca &&
	lab_owner >/dev/null && "$bin/coffer" measure --tee tpm --guest "$guest/manifest.json" --profile default-scratch \
	--output "$lab/reference-scratch.json" >/dev/null && kbs set-reference "$lab/reference-scratch.json" &&
	lab_initdata "$lab/initdata" --image "$image"; } || { echo "no lab"; exit 2; }
run_tests
