#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The scratch disk in real virtual machines: encrypted by the guest alone, authenticated unless the owner does without,
# and room for an image that memory has no room for.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"

small_mib=192
large_mib=$((2 * small_mib / 3 + 6)) # of each of three layers
dull="of a file that is large and dull"

report() {
	jq -r "$2" "$lab/$1.json"
}

# --- lab: a guest whose smallest machine is small, and an image of twice its memory --------------------------------

lab_small_guest() {
	mkdir "$lab/guest" || return
	find "$guest" -maxdepth 1 -type f ! -name manifest.json -exec ln -s {} "$lab/guest/" \;
	jq --argjson mib "$small_mib" '.machine_profiles |= . + {
		small: (.default | .memory_mib = $mib), "small-scratch": (."default-scratch" | .memory_mib = $mib)}' \
		"$guest/manifest.json" >"$lab/guest/manifest.json"
}

# register PROFILE: what it measures, with the key broker.
register() {
	"$bin/coffer" measure --tee tpm --guest "$lab/guest/manifest.json" --profile "$1" \
		--output "$lab/reference-$1.json" >/dev/null && kbs set-reference "$lab/reference-$1.json" >/dev/null
}

lab_large_image() {
	local n options=()
	for n in sum /big.1 sum /big.2 sum /big.3 reread /big.2; do
		options+=(--config.cmd "$n")
	done
	lab_layout large "${options[@]}" || return
	for n in 1 2 3; do
		seq -f "line $n.%0.f $dull" 10000000 99999999 | head -c $((large_mib << 20)) >"$lab/big.$n"
		"$lab/hello" sum "$lab/big.$n" | sed "s|$lab||" >>"$lab/large.sums"
		tar -C "$lab" --owner=0 --group=0 -cf "$lab/layer.tar" "big.$n" || return
		rm "$lab/big.$n"
		umoci raw add-layer --image "$lab/oci-large:demo" "$lab/layer.tar" >>"$lab/umoci.log" 2>&1 || return
		rm "$lab/layer.tar"
	done
	lab_encrypt large && lab_push large
}

# initdata_with RULE IMAGE: the owner's word about scratch disks is RULE; registered, in $lab/initdata-RULE.
initdata_with() {
	jq -n --arg image "${2%@*}" --arg digest "${2#*@}" --arg rule "$1" '{format: "coffer-policy/1",
		containers: [{image: $image, digest: $digest}], resources: ["default/demo/*"], stdout: true, stderr: true,
		signals: [15], scratch: $rule}' >"$lab/policy-$1.json"
	"$bin/coffer" initdata make --policy "$lab/policy-$1.json" --kbs "$kbs_url" --kbs-ca "$lab/tls/ca.pem" \
		--registry-ca "$lab/tls/ca.pem" --output "$lab/initdata-$1" >/dev/null &&
		kbs set-initdata "$lab/initdata-$1" >/dev/null
}

# run_with NAME INITDATA IMAGE [options]: in the background; sets $foreground to coffer and $disk to the file behind the
# guest's scratch disk, as only its holder can still name it.
run_with() {
	local name=$1 initdata=$2 what=$3
	shift 3
	GUEST=$lab/guest RUN_TIMEOUT=400 run_options
	"$bin/coffer" run --initdata "$initdata" "${run_opts[@]}" --report "$lab/$name.json" --console "$lab/$name.console" \
		--scratch-dir "$lab/disks" "$@" "$what" >"$lab/$name.out" 2>"$lab/$name.err" </dev/null &
	foreground=$!
	until_true 30 "QEMU with its scratch disk" find_disk
	disk=$(find_disk)
}

find_disk() {
	local pid found
	for pid in $(pgrep -P "$foreground"); do
		found=$(find "/proc/$pid/fd" -lname "$lab/disks/*" 2>/dev/null | head -n 1)
		[ -z "$found" ] || { echo "$found"; return 0; }
	done
	return 1
}

finished() {
	code=0
	wait "$foreground" || code=$?
	foreground=
}

# --- tests ---------------------------------------------------------------------------------------------------------

# One long run: the image of twice the memory, whole; then its disk, seen and damaged by the host.
t_t029_t031_an_image_of_twice_the_memory() {
	run_with large "$lab/initdata-integrity" "$large" --profile small --scratch 1G
	expect_eq "$(find "$lab/disks" -type f | wc -l)" 0 "files with a name"
	expect_eq "$(stat -L -c %a "$disk")" 600 "mode of the disk's file"
	until_true 400 "the workload's sums ($(tail -n 3 "$lab/large.err"))" large_has_sums
	expect_eq "$(cat "$lab/large.out")" "$(cat "$lab/large.sums")" "what the workload read"
	[ $(($(stat -L -c %b "$disk") / 2048)) -ge $((2 * small_mib)) ] || fail "the disk holds less than the image"
	! grep -aqF -e "$dull" -e "$secret_line" "$disk" || fail "plain text on the host's disk"
	# In every 8 MiB one bit is another, and one sector is what lay in another place: every file of the image has some.
	perl -e 'open my $f, "+<", $ARGV[0] or die; binmode $f; my $size = $ARGV[1];
		for (my $at = 4 << 20; $at < $size; $at += 8 << 20) { my $b;
			sysseek $f, $at, 0; sysread $f, $b, 1; sysseek $f, $at, 0; syswrite $f, $b ^ "\x01";
			sysseek $f, $at + (1 << 20), 0; sysread $f, $b, 4096; sysseek $f, $at + (3 << 20), 0; syswrite $f, $b }' \
		"$disk" $((1 << 30)) || fail "the disk could not be damaged"
	finished
	expect_eq "$code" 5 "exit code ($(tail -n 3 "$lab/large.out" "$lab/large.err"))"
	expect_eq "$(tail -n 1 "$lab/large.out")" "/big.2: Input/output error" "what the workload read at last"
	note "$(jq -c .phases_ms "$lab/large.json")"
}

large_has_sums() {
	kill -0 "$foreground" || exit 1
	[ "$(wc -l <"$lab/large.out")" -eq 3 ]
}

t_not_without_the_disk() {
	GUEST=$lab/guest coffer_run without "$lab/initdata-integrity" "$large" --profile small
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report without .reason)" image-too-large reason
	note "$(report without .message)"
}

# What the host wrote on the disk beforehand is no header for anybody: not dm-integrity's, not a file system.
t_t030_nothing_on_the_disk_is_believed() {
	run_with forged "$lab/initdata" "$image" --scratch 128M
	perl -e 'open my $f, "+<", $ARGV[0] or die; binmode $f;
		syswrite $f, pack("a8 C C S< L< Q< L<", "integrt", 5, 1, 4, 1, 1 << 40, 6) . "\xff" x 476;
		sysseek $f, 1024 + 56, 0; syswrite $f, "\x53\xef";
		for (0x4000, 0x8000, 0x10000, 0x20000) { sysseek $f, $_, 0; syswrite $f, "SKUL\xba\xbe\x00\x02" . "{" x 4088 }' \
		"$disk" || fail "the disk could not be forged"
	finished
	expect_eq "$code" 0 "exit code ($(tail -n 3 "$lab/forged.err"))"
	expect_in "$lab/forged.out" "file in the encrypted layer: $secret_line"
	expect_in "$lab/forged.console" 'protection="integrity"'
}

t_measured_is_predicted() {
	local pcr
	for pcr in 0 1 2 3 4 5 6 7 9; do
		expect_eq "$(report forged ".measurement.pcrs[\"$pcr\"]")" \
			"$(jq -r ".pcrs[\"$pcr\"]" "$lab/reference-default-scratch.json")" "PCR $pcr"
	done
	expect_eq "$(report forged .profile)" default-scratch profile
}

t_t030_encrypted_alone_where_the_owner_says_so() {
	run_with encrypted "$lab/initdata-encrypted" "$image" --scratch 128M
	perl -e 'open my $f, "+<", $ARGV[0] or die; binmode $f; syswrite $f, "LUKS\xba\xbe\x00\x02\x00\x00\x00\x00\x00\x00\x40\x00" .
		"\x00" x 4080 . q({"keyslots":{},"segments":{"0":{"type":"crypt","encryption":"cipher_null-ecb"}}})' \
		"$disk" || fail "the disk could not be forged"
	finished
	expect_eq "$code" 0 "exit code ($(tail -n 3 "$lab/encrypted.err"))"
	expect_in "$lab/encrypted.out" "secret from the key broker: $secret_value"
	expect_in "$lab/encrypted.console" 'protection="encrypted"'
}

t_integrity_where_the_host_asks_for_it() {
	run_with asked "$lab/initdata-encrypted" "$image" --scratch 128M --scratch-integrity
	finished
	expect_eq "$code" 0 "exit code ($(tail -n 3 "$lab/asked.err"))"
	expect_in "$lab/asked.console" 'protection="integrity"'
}

t_denied_where_the_owner_wants_none() {
	run_with denied "$lab/initdata-no" "$image" --scratch 128M
	finished
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report denied .reason)" scratch-denied reason
	expect_eq "$(stat -c %s "$lab/denied.out")" 0 "bytes of output"
}

# A guest without what encrypts must not go on in the clear.
t_t029_not_without_what_encrypts() {
	local kept
	kept=$(cat "$lab/guest/manifest.json")
	jq '.scratch_initrd = .initrd' <<<"$kept" >"$lab/guest/manifest.json"
	run_with bare "$lab/initdata" "$image" --scratch 128M
	finished
	printf '%s\n' "$kept" >"$lab/guest/manifest.json"
	expect_eq "$code" 125 "exit code"
	expect_eq "$(report bare .reason)" scratch-failed reason
	expect_eq "$(stat -c %s "$lab/bare.out")" 0 "bytes of output"
}

# Killed at once, the run cleans nothing up: there is nothing to clean up.
t_gone_with_its_run() {
	run_with killed "$lab/initdata" "$image" --scratch 128M
	kill -KILL "$foreground"
	wait "$foreground" 2>/dev/null || true
	foreground=
	until_true 20 "the end of QEMU" nobody_has_a_disk
	expect_eq "$(find "$lab/disks" -type f | wc -l)" 0 "files left behind"
}

nobody_has_a_disk() {
	! find /proc/[0-9]*/fd -lname "$lab/disks/*" 2>/dev/null | grep -q .
}

t_sizes_and_folders() {
	coffer_run tiny "$lab/initdata" "$image" --scratch 1M
	expect_in "$lab/tiny.err" scratch-too-small
	coffer_run huge "$lab/initdata" "$image" --scratch 15T
	expect_eq "$(report huge .reason)" scratch-no-space reason
	coffer_run nowhere "$lab/initdata" "$image" --scratch 128M --scratch-dir "$lab/no/such"
	expect_eq "$(report nowhere .reason)" scratch-dir reason
	coffer_run sizeless "$lab/initdata" "$image" --profile default-scratch
	expect_eq "$(report sizeless .reason)" usage reason
}

lab_open
mkdir "$lab/disks"
{ lab_certs && lab_registry && lab_large_image && large=$image && lab_image demo show && lab_kbs && lab_small_guest &&
	lab_measure >/dev/null && lab_tpm_ca && lab_owner >/dev/null && register default-scratch && register small &&
	register small-scratch && lab_initdata "$lab/initdata" --image "$image" &&
	initdata_with no "$image" && initdata_with encrypted "$image" && initdata_with integrity "$large"; } ||
	{ echo "no lab"; exit 2; }
run_tests
