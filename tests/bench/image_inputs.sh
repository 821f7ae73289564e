# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What tests/bench/image pulls: about 400 MiB of this machine's own /usr, as gzip and zstd, plain and encrypted, in one
# layer and in eight, in the store of a registry. Made once for each content of /usr that is chosen, and kept in
# ${XDG_CACHE_HOME:-~/.cache}/coffer/bench-image. Source harness.sh and lab.sh first.
inputs_version=1
images=(one-gzip one-zstd eight-gzip eight-zstd one-gzip-enc one-zstd-enc eight-gzip-enc eight-zstd-enc)

# Whole folders, in an order that only chance and their names decide, and some large files.
choose_files() {
	local dir=$1
	find /usr/bin /usr/include /usr/lib /usr/share -xdev \( -type f -size -32M -o -type l \) \
		-printf '%h\t%s\t%p\t%T@\n' 2>/dev/null | sort >"$dir/all"
	cut -f 1 "$dir/all" | uniq | shuf --random-source=<(yes) >"$dir/order"
	sort -t "$(printf '\t')" -k 2,2nr "$dir/all" | awk 'NR <= 3' >"$dir/chosen"
	awk -F '\t' -v max=$((400 << 20)) '
		FNR == 1 { part++ }
		part == 1 { sum += $2; next }
		part == 2 { size[$1] += $2; files[$1] = files[$1] $0 "\n"; next }
		size[$1] < max / 8 && sum < max { sum += size[$1]; printf "%s", files[$1] }' \
		"$dir/chosen" "$dir/all" "$dir/order" >"$dir/more"
	cat "$dir/more" >>"$dir/chosen"
	sort -u -o "$dir/chosen" "$dir/chosen"
	[ -s "$dir/chosen" ] || fail "there is nothing under /usr"
}

# with_parents: names of files in, the same with all folders above them out, folders first.
with_parents() {
	awk '{ print; while (sub(/\/[^\/]*$/, "") && $0 != "") print }' | sort -u
}

tar_of() {
	tar --create --no-recursion --numeric-owner --format=gnu --verbatim-files-from --files-from=- -P --transform='s,^/,,' \
		--file "$1"
}

add_blob() {
	local layout=$1 file=$2 hex
	hex=$(sha256sum <"$file" | cut -d ' ' -f 1)
	mv "$file" "$layout/blobs/sha256/$hex"
	echo "$hex"
}

descriptor() {
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%d}' "$2" "$3" \
		"$(stat -c %s "$1/blobs/sha256/$3")"
}

# make_image LAYOUT gzip|zstd TAR...: an image as builders write it, tagged "it".
make_image() {
	local layout=$1 comp=$2 tar hex layers='' ids=''
	shift 2
	mkdir -p "$layout/blobs/sha256"
	for tar in "$@"; do
		case $comp in gzip) gzip -6 -n ;; zstd) zstd -3 -q ;; esac <"$tar" >"$layout/layer"
		hex=$(add_blob "$layout" "$layout/layer")
		layers+=,$(descriptor "$layout" layer.v1.tar+"$comp" "$hex")
		ids+=,\"sha256:$(sha256sum <"$tar" | cut -d ' ' -f 1)\"
	done
	printf '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[%s]}}' "${ids#,}" >"$layout/doc"
	hex=$(add_blob "$layout" "$layout/doc")
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
		"$(descriptor "$layout" config.v1+json "$hex")" "${layers#,}" >"$layout/doc"
	hex=$(add_blob "$layout" "$layout/doc")
	echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	descriptor "$layout" manifest.v1+json "$hex" |
		jq -c '{schemaVersion: 2, manifests: [. + {annotations: {"org.opencontainers.image.ref.name": "it"}}]}' \
			>"$layout/index.json"
}

# One image after another goes into the registry, so that no more than one layout lies about.
make_images() {
	local dir=$1 count comp name
	for count in one eight; do
		for comp in gzip zstd; do
			name=$count-$comp
			say "making $name, plain and encrypted"
			if [ $count = one ]; then
				make_image "$dir/layout" $comp "$dir/tree.tar"
			else
				make_image "$dir/layout" $comp "$dir"/part.*.tar
			fi
			skopeo copy -q --encryption-key "jwe:$dir/pub.pem" "oci:$dir/layout:it" "oci:$dir/enc:it"
			"$stages" key "$dir/enc:it" "$dir/key.pem" "$dir/$name-enc.key"
			: >"$dir/$name.key"
			push "$dir/layout" $name
			push "$dir/enc" $name-enc
			rm -rf "$dir/layout" "$dir/enc"
		done
	done
}

push() {
	"$bin/coffer" image push --ca "$lab/tls/ca.pem" "oci:$1:it" "docker://$registry/$2:it" >"$lab/push.log"
}

# The registry's store is the kept one.
serve() {
	registry_name=localhost
	mkdir -p "$1/registry"
	ln -sfn "$1/registry" "$lab/registry"
	lab_certs
	lab_registry
}

# Sets $inputs to the folder, and has a registry serve it.
make_inputs() {
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/coffer/bench-image work=$lab/work key
	mkdir -p "$work" "$cache"
	choose_files "$work"
	key=$( (echo $inputs_version; cat "$work/chosen") | sha256sum | cut -c 1-16)
	inputs=$cache/$key
	if [ -e "$inputs/whole" ]; then
		serve "$inputs"
		return
	fi
	say "making the images, once: $inputs"
	rm -rf "$inputs"
	mkdir -p "$inputs"
	serve "$inputs"
	cut -f 3 "$work/chosen" >"$work/files"
	with_parents <"$work/files" | tee "$work/names" | tar_of "$inputs/tree.tar"
	split -n l/8 --additional-suffix=.names "$work/files" "$work/part."
	for part in "$work"/part.*.names; do
		with_parents <"$part" | tar_of "$inputs/$(basename "$part" .names).tar"
	done
	openssl genrsa -out "$inputs/key.pem" 3072 2>/dev/null
	openssl rsa -in "$inputs/key.pem" -pubout -out "$inputs/pub.pem" 2>/dev/null
	make_images "$inputs"
	rm -f "$inputs"/part.*.tar
	: >"$inputs/whole"
}
