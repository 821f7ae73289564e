#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Predictions against real boots, with firmware, kernel, initrd and command line changed one at a time; and coffer
# measure as a person uses it.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"

measure() {
	"$bin/coffer" measure "$@"
}

# manifest DIR JQ-FILTER [jq options]: the guest's manifest, changed.
manifest() {
	local dir=$1 filter=$2
	shift 2
	jq "$@" "$filter" "$guest/manifest.json" >"$dir/manifest.json"
}

# boots_as_predicted NAME DIR [measure options]: registers the prediction and boots: the guest's key comes only when all
# registers are equal, and the report shows that they are.
boots_as_predicted() {
	local name=$1 dir=$2 pcr
	shift 2
	measure --tee tpm --guest "$dir/manifest.json" --output "$lab/$name-reference.json" "$@" >/dev/null ||
		fail "no prediction for $name"
	kbs set-reference "$lab/$name-reference.json" || fail "set-reference"
	GUEST=$dir coffer_run "$name" "$lab/initdata" "$image"
	expect_eq "$code" 0 "exit code ($(tail -n 5 "$lab/$name.err"))"
	for pcr in 0 1 2 3 4 5 6 7 9; do
		expect_eq "$(jq -r ".measurement.pcrs[\"$pcr\"]" "$lab/$name.json")" \
			"$(jq -r ".pcrs[\"$pcr\"]" "$lab/$name-reference.json")" "PCR $pcr of $name"
	done
}

# only_differs NAME PCRS: the prediction is the plain guest's but for these registers.
only_differs() {
	local found
	found=$(jq -rn --slurpfile a "$lab/plain-reference.json" --slurpfile b "$lab/$1-reference.json" \
		'[$a[0].pcrs | keys_unsorted[] | select($a[0].pcrs[.] != $b[0].pcrs[.])] | join(" ")')
	expect_eq "$found" "$2" "registers that differ for $1"
}

t_the_guest_as_it_is() {
	boots_as_predicted plain "$guest"
}

t_another_initrd() {
	lab_other_initrd "$lab/guest-initrd"
	boots_as_predicted initrd "$lab/guest-initrd"
	only_differs initrd 9
}

t_another_command_line() {
	lab_other_cmdline "$lab/guest-cmdline"
	boots_as_predicted cmdline "$lab/guest-cmdline"
	only_differs cmdline 9
}

# One letter of the version text in the kernel's setup header.
t_another_kernel() {
	local dir=$lab/guest-kernel at
	cp -r --reflink=auto "$guest" "$dir"
	at=$(($(od -An -tu2 -j $((0x20e)) -N 2 "$dir/vmlinuz") + 0x200))
	printf 'X' | dd of="$dir/vmlinuz" bs=1 seek="$at" conv=notrunc status=none
	manifest "$dir" '.kernel.sha256 = $sha' --arg sha "$(sha256sum "$dir/vmlinuz" | cut -d' ' -f1)"
	boots_as_predicted kernel "$dir"
	only_differs kernel 4
}

# A byte in the padding behind the compressed volume makes a build that nobody knows: refused, then learnt.
t_another_firmware() {
	local dir=$lab/guest-firmware code
	cp -r --reflink=auto "$guest" "$dir"
	perl -e 'local $/; open my $f, "+<", $ARGV[0] or die; my $b = <$f>; my $at = index($b, "\xff" x 32768);
		die "no padding" if $at < 0; seek $f, $at + 16384, 0; print $f "\xfe"' "$dir/OVMF_CODE_4M.fd" || fail "padding"
	manifest "$dir" '.firmware.sha256 = $sha' --arg sha "$(sha256sum "$dir/OVMF_CODE_4M.fd" | cut -d' ' -f1)"
	code=0
	measure --tee tpm --guest "$dir/manifest.json" >/dev/null 2>"$lab/unknown" || code=$?
	expect_eq "$code" 1 "exit code for an unknown build"
	expect_in "$lab/unknown" firmware-unknown
	measure calibrate --firmware "$dir/OVMF_CODE_4M.fd" --guest "$guest/manifest.json" --output "$lab/calibration.json" \
		>/dev/null || fail "calibrate"
	boots_as_predicted firmware "$dir" --calibration "$lab/calibration.json"
	only_differs firmware ""
}

# The build's own signed reference values, taken by the key broker as they are, and by nobody else's key.
t_the_builds_corim_is_enough() {
	local stranger=$lab/stranger.pem
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 2>/dev/null | openssl pkey -pubout -out "$stranger"
	! kbs set-reference --corim-key "$stranger" "$guest/measurements.tpm.corim" 2>"$lab/stranger.err" ||
		fail "another key's CoRIM was taken"
	expect_in "$lab/stranger.err" cose-signature
	kbs set-reference --corim-key "$BUILD/guest-key.pub.pem" "$guest/measurements.tpm.corim" || fail "set-reference"
	coffer_run corim "$lab/initdata" "$image"
	expect_eq "$code" 0 "exit code ($(tail -n 5 "$lab/corim.err"))"
	expect_eq "$(jq -r .verdict "$lab/corim.json")" affirming verdict
}

t_id_block_of_a_prediction() {
	local digest
	digest=$(measure --tee snp --guest "$guest/manifest.json" --vcpu-type EPYC-Genoa --json | jq -r .measurement)
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$lab/id.pem" 2>/dev/null
	measure idblock make --measurement "$digest" --id-key "$lab/id.pem" --block "$lab/id.block" --auth "$lab/id.auth" \
		>/dev/null || fail "idblock make"
	measure idblock verify --block "$lab/id.block" --auth "$lab/id.auth" --measurement "$digest" --policy 0x30000 \
		>"$lab/id.out" || fail "idblock verify"
	expect_in "$lab/id.out" "no debug"
	flip_byte "$lab/id.auth"
	! measure idblock verify --block "$lab/id.block" --auth "$lab/id.auth" >/dev/null 2>&1 || fail "a changed block was taken"
}

t_every_tee_at_once() {
	measure --tee all --guest "$guest/manifest.json" --vcpu-type EPYC-Milan --json >"$lab/all.json" || fail "measure --tee all"
	expect_eq "$(jq -r '[.[].tee] | join(" ")' "$lab/all.json")" "sev seves snp tdx tpm" "TEEs"
	expect_eq "$(jq '[.[] | select(.ok == false)] | length' "$lab/all.json")" 0 "TEEs that could not be measured"
	expect_eq "$(jq -r '.[] | select(.tee == "tpm") | .pcrs["4"]' "$lab/all.json")" \
		"$(jq -r '.pcrs["4"]' "$lab/plain-reference.json")" "PCR 4"
}

# Nobody needs the files twice: the document gives the same digests, and what it cannot give it names.
t_a_document_stands_for_the_files() {
	local tee code=0
	measure --tee snp --guest "$guest/manifest.json" --vcpu-type EPYC-Genoa --vcpus 3 --document "$lab/launch.json" \
		--json >"$lab/by-files.json" || fail "by files"
	measure --tee snp --launch "$lab/launch.json" --vcpu-type EPYC-Genoa --vcpus 3 --json >"$lab/by-document.json" ||
		fail "by document"
	cmp "$lab/by-files.json" "$lab/by-document.json" || fail "another digest"
	measure --tee sev --launch "$lab/launch.json" 2>"$lab/no-image" || code=$?
	expect_eq "$code" 2 "exit code without an image"
	expect_in "$lab/no-image" firmware-image-needed
}

t_explain_names_the_setting() {
	local wanted
	wanted=$(measure --tee snp --guest "$guest/manifest.json" --vcpu-type EPYC-Rome --vcpus 7 --guest-features 0x21 --json |
		jq -r .measurement)
	measure explain --tee snp --guest "$guest/manifest.json" --vcpu-type EPYC-Milan --wanted "$wanted" --json \
		>"$lab/explain.json" || fail "not explained"
	expect_eq "$(jq -c '.[0].changes | keys' "$lab/explain.json")" '["guest-features","vcpu-type","vcpus"]' changes
	expect_eq "$(jq -r '.[0].changes.vcpus' "$lab/explain.json")" 7 vCPUs
	code=0
	measure explain --tee snp --guest "$guest/manifest.json" --wanted "$(printf 'ab%.0s' {1..48})" >"$lab/none" || code=$?
	expect_eq "$code" 1 "exit code for a digest from nowhere"
}

t_inspect_says_what_is_measured() {
	measure inspect "$guest/OVMF.amdsev.fd" >"$lab/inspect" || fail "inspect"
	expect_in "$lab/inspect" "kernel hashes: yes"
	measure inspect "$guest/OVMF.fd" >"$lab/inspect" || fail "inspect"
	expect_in "$lab/inspect" "kernel, initrd and command line would not be measured"
	expect_in "$lab/inspect" "content, into MRTD"
}

# What the build wrote into the manifest is what one gets.
t_manifest_records_the_measurements() {
	local n
	for n in 1 2 64; do
		expect_eq "$(jq -r ".measurements.snp[\"EPYC-Milan\"][$((n - 1))]" "$guest/manifest.json")" \
			"$(measure --tee snp --guest "$guest/manifest.json" --vcpu-type EPYC-Milan --vcpus $n --json | jq -r .measurement)" \
			"SNP with $n vCPUs"
	done
	expect_eq "$(jq -r '.measurements.snp["scratch/EPYC-Milan"][1]' "$guest/manifest.json")" \
		"$(measure --tee snp --guest "$guest/manifest.json" --profile default-scratch --vcpu-type EPYC-Milan --vcpus 2 --json |
			jq -r .measurement)" "SNP with a scratch disk"
	expect_eq "$(jq -r '.measurements.tpm.default.pcr9' "$guest/manifest.json")" \
		"$(jq -r '.pcrs["9"]' "$lab/plain-reference.json")" "PCR 9"
	expect_eq "$(jq -r '.measurements.tdx.default.mrtd' "$guest/manifest.json")" \
		"$(measure --tee tdx --guest "$guest/manifest.json" --json | jq -r .mrtd)" MRTD
}

lab_open
{ lab_certs && lab_registry && lab_image demo show && lab_kbs && lab_measure >/dev/null && lab_tpm_ca &&
	lab_owner >/dev/null && lab_initdata "$lab/initdata" --image "$image"; } || { echo "no lab"; exit 2; }
run_tests
