#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Endorsements with the real program: fetched from vendors of our own, shown, carried to a second cache, and used.
. "$(dirname "$0")/harness.sh"

at="--at 2027-01-15T08:00:00Z" # the vendors' time
later="--at 2027-02-20T08:00:00Z"

coffer() {
	"$bin/coffer" "$@"
}

# vendor NAME: starts it, once.
vendor() {
	mkdir -p "$lab/$1"
	start "$1" "$BUILD/tests/e2e/vendor_$1" "$lab/$1"
	until_true 60 "vendor $1" test -s "$lab/$1/url"
}

# of amd|intel: what fetch is told.
fetch_amd() {
	# shellcheck disable=SC2086
	coffer endorsements fetch --report "$lab/amd/report.bin" --kds "$(cat "$lab/amd/url")" --root "$lab/amd/root.der" \
		--cache "$lab/cache" $at "$@"
}

fetch_intel() {
	# shellcheck disable=SC2086
	coffer endorsements fetch --quote "$lab/intel/quote.bin" --pcs "$(cat "$lab/intel/url")" \
		--root "$lab/intel/root.der" --cache "$lab/cache" $at "$@"
}

# exit_is CODE COMMAND...
exit_is() {
	local want=$1 got=0
	shift
	"$@" >"$lab/out" 2>"$lab/err" || got=$?
	expect_eq "$got" "$want" "exit code ($(head -c 400 "$lab/err"))"
}

t_nothing_is_accepted_before_a_fetch() {
	# shellcheck disable=SC2086
	exit_is 1 coffer verify "$lab/intel/quote.bin" --root "$lab/intel/root.der" --cache "$lab/none" $at
	expect_in "$lab/err" cache-missing
	expect_in "$lab/err" "coffer endorsements fetch --quote FILE"
}

t_fetch_show_verify() {
	exit_is 0 fetch_amd
	expect_in "$lab/out" "snp/chain/vcek/Milan"
	exit_is 0 fetch_intel --json
	expect_eq "$(jq -r '[.endorsements[].state] | unique | join(" ")' "$lab/out")" fetched states
	# shellcheck disable=SC2086
	exit_is 0 coffer endorsements show --cache "$lab/cache" --json $at
	expect_eq "$(jq '.endorsements | length' "$lab/out")" 7 endorsements
	expect_eq "$(jq -r '.endorsements[] | select(.name == "tdx/tcb-info/00806f050000") | .number' "$lab/out")" 20 number
	# shellcheck disable=SC2086
	exit_is 0 coffer verify "$lab/intel/quote.bin" --root "$lab/intel/root.der" --cache "$lab/cache" $at
	expect_in "$lab/out" "tdx-quote: accepted"
	# shellcheck disable=SC2086
	exit_is 0 coffer verify "$lab/amd/report.bin" --root "$lab/amd/root.der" --cache "$lab/cache" $at --json
	expect_eq "$(jq -r .verdict "$lab/out")" valid verdict
}

# What a cache says of its own root is nothing.
t_a_root_in_the_cache_is_no_anchor() {
	# shellcheck disable=SC2086
	exit_is 1 coffer verify "$lab/amd/report.bin" --cache "$lab/cache" $at
	expect_in "$lab/err" endorsement-root
	# shellcheck disable=SC2086
	exit_is 1 coffer verify "$lab/intel/quote.bin" --cache "$lab/cache" $at
	expect_in "$lab/err" untrusted-root
}

t_a_bundle_carries_it_to_another_cache() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$lab/owner.pem" 2>/dev/null
	openssl pkey -in "$lab/owner.pem" -pubout -out "$lab/owner.pub"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 2>/dev/null | openssl pkey -pubout -out "$lab/other.pub"
	# shellcheck disable=SC2086
	exit_is 0 coffer endorsements bundle create --cache "$lab/cache" --output "$lab/bundle" --sign-key "$lab/owner.pem" $at
	# shellcheck disable=SC2086
	exit_is 1 coffer endorsements bundle import "$lab/bundle" --key "$lab/other.pub" --cache "$lab/second" $at
	expect_in "$lab/err" cose-signature
	[ ! -e "$lab/second" ] || fail "a cache was made for a stranger's bundle"
	# Two vendors of our own in one bundle: each import takes what its root vouches for.
	# shellcheck disable=SC2086
	exit_is 1 coffer endorsements bundle import "$lab/bundle" --key "$lab/owner.pub" --cache "$lab/second" \
		--root "$lab/intel/root.der" $at
	expect_in "$lab/err" endorsement-root
	# shellcheck disable=SC2086
	exit_is 0 coffer verify "$lab/intel/quote.bin" --root "$lab/intel/root.der" --cache "$lab/second" $at
	# shellcheck disable=SC2086
	exit_is 1 coffer verify "$lab/amd/report.bin" --root "$lab/amd/root.der" --cache "$lab/second" $at
	expect_in "$lab/err" endorsement-missing
}

# The vendors are gone: what holds goes on, and what has run out does not.
t_t023_an_outage() {
	local pid
	for pid in $(awk '$2 == "amd" || $2 == "intel" { print $1 }' "$lab/pids"); do
		stop "$pid"
	done
	exit_is 0 fetch_intel --again
	expect_in "$lab/out" kept
	expect_in "$lab/out" http-unreachable
	# shellcheck disable=SC2086
	exit_is 0 coffer verify "$lab/intel/quote.bin" --root "$lab/intel/root.der" --cache "$lab/cache" $at
	# shellcheck disable=SC2086
	exit_is 1 coffer verify "$lab/intel/quote.bin" --root "$lab/intel/root.der" --cache "$lab/cache" $later
	expect_in "$lab/err" expired
	# shellcheck disable=SC2086
	exit_is 0 coffer endorsements show --cache "$lab/cache" $later
	expect_in "$lab/out" expired
	rm -rf "$lab/empty"
	# shellcheck disable=SC2086
	exit_is 2 coffer endorsements fetch --quote "$lab/intel/quote.bin" --pcs "$(cat "$lab/intel/url")" --cache "$lab/empty" $at
	expect_in "$lab/err" http-unreachable
}

t_urls_are_https_but_for_loopback() {
	local url
	for url in http://mirror.example http://127.0.0.1.mirror.example ftp://127.0.0.1 https://user@mirror.example https://; do
		exit_is 2 coffer endorsements fetch --fmspc 00806f050000 --ca platform --pcs "$url" --cache "$lab/urls"
		expect_in "$lab/err" service-url
	done
}

lab_open
vendor amd
vendor intel
run_tests
