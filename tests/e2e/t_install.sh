#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What make install lays down is enough for another program: the example of docs/examples, built by pkg-config alone.
. "$(dirname "$0")/harness.sh"

here=$(cd "$(dirname "$0")/../.." && pwd)

install_into() {
	make -s -C "$here" DESTDIR="$1" PREFIX=/usr/local install >"$1.log" 2>&1 || fail "make install: $(tail -n 3 "$1.log")"
}

t_library_by_pkg_config() {
	local dir=$lab/root firmware flags
	mkdir -p "$dir"
	install_into "$dir"
	firmware=$(find "$guest" -maxdepth 1 -name 'OVMF.amdsev.fd' -o -maxdepth 1 -name 'OVMF_CODE_4M.fd' | sort | tail -n 1)
	export PKG_CONFIG_PATH=$dir/usr/local/lib/pkgconfig
	flags=$(pkg-config --define-variable=prefix="$dir/usr/local" --cflags --libs libcoffer-firmware) ||
		fail "pkg-config does not find the library"
	# The headers stand alone: no flag of our own build.
	# shellcheck disable=SC2086
	gcc -std=gnu17 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$lab/example" "$here/docs/examples/measure.c" $flags ||
		fail "the example does not build"
	expect_eq "$("$lab/example" "$firmware")" "$("$bin/coffer" measure --tee snp --firmware "$firmware" --vcpu-sig \
		0xa00f11 --json | jq -r .measurement)" "digest of the example and of coffer"
	[ "$(wc -l <"$here/docs/examples/measure.c")" -le 32 ] || fail "the example is no small one any more"
	! "$lab/example" /dev/null 2>"$lab/refusal" || fail "the example took an empty image"
}

# What ask SERVICE-PORT REPORT is told: 64 bytes come, the report goes, the verdict comes.
ask() {
	{ head -c 64 <&7 >/dev/null && cat "$2" >&7 && cat <&7; } 7<>"/dev/tcp/127.0.0.1/$1"
}

t_attestation_library_by_pkg_config() {
	local dir=$lab/shared lib flags port
	mkdir -p "$dir"
	install_into "$dir"
	lib=$dir/usr/local/lib
	export PKG_CONFIG_PATH=$lib/pkgconfig
	flags=$(pkg-config --define-variable=prefix="$dir/usr/local" --cflags --libs libcoffer-attestation) ||
		fail "pkg-config does not find the library"
	# Every symbol of the map, and no other, with its version.
	expect_eq "$(nm -D --defined-only "$lib/libcoffer-attestation.so" | sed -n 's/.* T //p' | sort)" \
		"$(sed -n 's/^\t\(cof_.*\);/\1@@COFFER_ATTESTATION_0.1/p' "$top/attestation/public/attestation.map" | sort)" \
		"symbols of the library"
	for std in c11 c17; do
		echo '#include <coffer/attestation.h>' | gcc -std=$std -Wall -Wextra -Werror -pedantic -fsyntax-only -x c \
			"-I$dir/usr/local/include" - || fail "the header is not $std"
	done
	# shellcheck disable=SC2086
	gcc -std=gnu17 -Wall -Werror -o "$lab/service" "$top/docs/examples/attestation-service.c" $flags ||
		fail "the example does not build"
	[ "$(wc -l <"$top/docs/examples/attestation-service.c")" -le 52 ] || fail "the example is no small one any more"
	port=$(free_port)
	head -c 1184 /dev/zero >"$lab/nothing"
	LD_LIBRARY_PATH=$lib "$lab/service" "$port" "$lab/nothing" "$lab/nothing" "$lab/nothing" >"$lab/service.log" 2>&1 &
	started=$!
	until_true 10 "the service" ask "$port" "$lab/nothing"
	expect_eq "$(ask "$port" "$lab/nothing" | jq -r .reason)" report-version "zeros instead of a report"
	kill "$started"
	expect_in "$lab/service.log" "refused report-version"
}

t_manual_pages() {
	local dir=$lab/man page
	mkdir -p "$dir"
	install_into "$dir"
	for page in "$dir"/usr/local/share/man/man[13]/*; do
		expect_eq "$(mandoc -T lint -W warning "$page" 2>&1)" "" "warnings of ${page##*/}"
	done
	# What the library exports has its page.
	sed -n 's/^\t\(cof_.*\);/\1/p' "$top/attestation/public/attestation.map" | while read -r name; do
		grep -qr "$name" "$dir/usr/local/share/man/man3" || fail "$name is in no page"
	done
}

lab_open
run_tests
