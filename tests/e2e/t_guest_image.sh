#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The guest image itself: that it is whole, holds nothing else, and comes out the same twice.
. "$(dirname "$0")/harness.sh"
root=$guest/root
libs=$root/lib/x86_64-linux-gnu
# What guests with a scratch disk have on top.
more=$guest/root-scratch

elves() {
	find "$root" "$more" -type f \( -path '*/lib64/*' -o -path '*/lib/x86_64-linux-gnu/*' -o -path '*/bin/*' -o -name init \)
}

library() {
	find "$libs" "$root/lib64" "$more/lib" -name "$1" -print -quit
}

t_needed_libraries_are_there() {
	local file name
	for file in $(elves); do
		for name in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'); do
			[ -n "$(library "$name")" ] || fail "$file needs $name"
		done
	done
	[ "$(elves | wc -l)" -gt 10 ] || fail "only $(elves | wc -l) ELF files"
}

# "LIBRARY VERSION" lines that a file needs.
versions_needed() {
	readelf -W -V "$1" | awk '
		/^Version needs section/ { on = 1; next }
		/^Version (definition|symbols) section/ { on = 0 }
		on && /File: / { for (i = 1; i <= NF; i++) if ($i == "File:") lib = $(i + 1) }
		on && /Name: / { for (i = 1; i <= NF; i++) if ($i == "Name:") print lib, $(i + 1) }'
}

versions_defined() {
	readelf -W -V "$1" | awk '
		/^Version definition section/ { on = 1; next }
		/^Version (needs|symbols) section/ { on = 0 }
		on && /Name: / { for (i = 1; i <= NF; i++) if ($i == "Name:") print $(i + 1) }
		on && /Parent / { print $NF }'
}

t_version_symbols_are_defined() {
	local file lib version n=0
	for file in $(elves); do
		while read -r lib version; do
			grep -qxF "$version" < <(versions_defined "$(library "$lib")") || fail "$file needs $version of $lib"
			n=$((n + 1))
		done < <(versions_needed "$file")
	done
	[ $n -gt 50 ] || fail "only $n version symbols were looked at"
}

t_undefined_symbols_are_defined() {
	local file defined missing
	defined=$(mktemp)
	for file in $(elves); do
		nm -D --defined-only "$file" 2>/dev/null | awk '{ sub(/@.*/, "", $NF); print $NF }'
	done | sort -u >"$defined"
	for file in $(elves); do
		missing=$(nm -D --undefined-only "$file" 2>/dev/null | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' |
			sort -u | comm -23 - "$defined")
		[ -z "$missing" ] || { rm -f "$defined"; fail "$file: nobody defines" $missing; }
	done
	rm -f "$defined"
}

t_no_shell_and_no_tools() {
	local file found
	found=$(find "$root" -type f -perm /111 ! -path "$libs/*" ! -path "$root/lib64/*" -printf '%P\n' | sort | tr '\n' ' ')
	expect_eq "$found" "init usr/bin/crun " "programs of the guest"
	found=$(find "$root" \( -name sh -o -name '*ash' -o -name 'busybox*' -o -name 'apt*' -o -name 'dpkg*' -o -name perl \
		-o -name 'python*' -o -name env \) -printf '%P ')
	expect_eq "$found" "" "shells and tools"
	found=$(find "$more" -type f -perm /111 ! -path '*/lib/*' -printf '%P ')
	expect_eq "$found" "usr/sbin/mke2fs " "programs for a scratch disk"
	expect_eq "$(find "$more" -perm /6000 -printf '%P ')" "" "set-id files for a scratch disk"
	while read -r file; do
		[ "$(head -c 2 "$file" | tr -d '\0')" != '#!' ] || fail "$file is a script"
	done < <(find "$root" -type f)
	expect_eq "$(find "$root" -perm /6000 -printf '%P ')" "" "set-id files"
}

t_no_cbor_no_shared_curl() {
	expect_eq "$(find "$root" -name '*cbor*' -o -name 'libcurl*' -printf '%P ')" "" "libraries that the guest must not hold"
}

t_initrd_is_the_root() {
	local listed found
	listed=$(zstd -dcq "$guest/initrd" | cpio -t --quiet | sort)
	found=$(cd "$root" && find . -mindepth 1 | sed 's|^\./||' | sort)
	expect_eq "$listed" "$found" "files of the initramfs"
	expect_eq "$(zstd -dcq "$guest/initrd" | cpio -tvn --quiet | awk '{ print $3, $4 }' | sort -u)" "0 0" "owners"
}

# The one for machines with a scratch disk is the plain one and an archive behind it, which replaces nothing.
t_scratch_initrd_is_the_root_and_more() {
	local bytes listed found
	bytes=$(stat -c %s "$guest/initrd")
	cmp -n "$bytes" "$guest/initrd" "$guest/initrd.scratch" || fail "it does not begin with the plain initrd"
	listed=$(tail -c "+$((bytes + 1))" "$guest/initrd.scratch" | zstd -dcq | cpio -t --quiet | sort)
	found=$(cd "$more" && find . -mindepth 1 | sed 's|^\./||' | sort)
	expect_eq "$listed" "$found" "files of the second archive"
	expect_eq "$(comm -12 <(cd "$root" && find . ! -type d | sort) <(cd "$more" && find . ! -type d | sort))" "" \
		"files that both have"
}

t_initrd_is_small() {
	local bytes all
	bytes=$(stat -c %s "$guest/initrd")
	all=$(stat -c %s "$guest/initrd.scratch")
	[ "$bytes" -le $((12 << 20)) ] || fail "the initrd has $bytes bytes"
	[ $((all - bytes)) -le $((2 << 20)) ] || fail "a scratch disk takes $((all - bytes)) bytes more"
	note "$bytes bytes, and $((all - bytes)) for a scratch disk"
}

t_scratch_modules_are_listed_and_plain() {
	local module when
	while read -r module when; do
		[[ $when =~ ^(|cpu:aes|cpu:ssse3)$ ]] || fail "$module is for '$when'"
		[ "$(head -c 4 "$more$module" | tail -c 3)" = ELF ] || fail "$module is no plain module"
	done <"$more/etc/coffer/modules.scratch"
	expect_eq "$(find "$more/lib/modules" -name '*.ko' | wc -l)" "$(wc -l <"$more/etc/coffer/modules.scratch")" "modules"
	expect_in "$more/etc/coffer/modules.scratch" dm-crypt.ko
}

t_modules_are_listed_and_plain() {
	local module when
	while read -r module when; do
		[[ $when =~ ^(|virtio:0x[0-9a-f]{4}|platform:sev-guest|cpu:tdx_guest)$ ]] || fail "$module is for '$when'"
		[ "$(head -c 4 "$root$module" | tail -c 3)" = ELF ] || fail "$module is no plain module"
	done <"$root/etc/coffer/modules"
	expect_eq "$(find "$root/lib/modules" -name '*.ko' | wc -l)" "$(wc -l <"$root/etc/coffer/modules")" "modules"
	expect_in "$root/etc/coffer/modules" overlay.ko
	# What only a machine with vsock needs is loaded there only, and nothing lets a container reach the agent by it.
	expect_eq "$(grep -c vsock "$root/etc/coffer/modules")" "$(grep -c 'vsock.* virtio:0x0013$' \
		"$root/etc/coffer/modules")" "modules for vsock"
	expect_not_in "$root/etc/coffer/modules" vsock_loopback
}

# Nothing in the plain guest can open a volume that the host made, or map one: there is no header to forge and no block to put
# back. The one disk is initdata's, whose digest is measured.
t_t030_t031_no_volumes() {
	local name
	local known='failover|net_failover|virtio_net|virtio_blk|virtio-rng|overlay|vsock|vmw_vsock_.*|configfs|tsm'
	for name in $(sed 's|.*/||; s|\.ko.*||' "$root/etc/coffer/modules"); do
		[[ $name =~ ^($known|sev-guest|tdx-guest)$ ]] || fail "module $name"
	done
	expect_eq "$(find "$root" -name '*cryptsetup*' -o -name '*veritysetup*' -o -name 'libdevmapper*' -printf '%P ')" "" \
		"what opens volumes"
}

t_certificates_are_there() {
	[ "$(grep -c BEGIN "$root/etc/ssl/certs/ca-certificates.crt")" -gt 100 ] || fail "too few certificates"
}

t_manifest_tells_the_truth() {
	local part file
	expect_eq "$(jq -r .format "$guest/manifest.json")" coffer-guest-manifest/1 format
	for part in 'firmware.file firmware.sha256' 'firmware.vars firmware.vars_sha256' 'kernel.file kernel.sha256' \
		'initrd.file initrd.sha256' 'scratch_initrd.file scratch_initrd.sha256'; do
		file=$guest/$(jq -r ".${part% *}" "$guest/manifest.json")
		expect_eq "$(jq -r ".${part#* }" "$guest/manifest.json")" "$(sha256sum "$file" | cut -d' ' -f1)" "$file"
	done
	expect_eq "$(jq .initrd.bytes "$guest/manifest.json")" "$(stat -c %s "$guest/initrd")" bytes
	expect_eq "$(jq '[.packages[] | select((.sha256 | length) != 64 or .version == "")] | length' \
		"$guest/manifest.json")" 0 "packages without a digest"
	jq -e '[.packages[].name] | index("crun") and index("ovmf") and index("libc6")' "$guest/manifest.json" >/dev/null ||
		fail "packages are missing"
}

# The package list names nothing that the guest does not use.
t_no_package_for_nothing() {
	local extra
	extra=$(comm -23 <(awk -F'\t' '$5 == "guest" { print $1 }' "$BUILD/debian/packages.tsv" | sort) \
		<(jq -r '.packages[].name' "$guest/manifest.json" | sort))
	expect_eq "$extra" "" "packages fetched and not used"
}

t_t096_same_inputs_same_bytes() {
	local again
	again=$(mktemp -d "${TMPDIR:-/tmp}/coffer-again.XXXXXX")
	trap "rm -rf '$again'" EXIT
	ln -s "$BUILD/debian" "$again/debian"
	cp "$bin/coffer-agent" "$again/agent"
	(umask 077 && TZ=Asia/Tokyo "$top/kernel/mkguest" "$again" "$again/agent" \
		"$(jq -r .version "$guest/manifest.json")" &&
		"$bin/coffer" measure record --guest "$again/guest/manifest.json") || fail "mkguest failed"
	cmp "$guest/initrd" "$again/guest/initrd" || fail "another initrd"
	cmp "$guest/initrd.scratch" "$again/guest/initrd.scratch" || fail "another initrd for a scratch disk"
	cmp "$guest/manifest.json" "$again/guest/manifest.json" || fail "another manifest"
}

run_tests
