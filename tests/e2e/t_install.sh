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

lab_open
run_tests
