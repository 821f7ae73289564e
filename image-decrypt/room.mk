# SPDX-License-Identifier: Apache-2.0
LIBS += image
image_SRC := image-decrypt/reference.c image-decrypt/layerkey.c image-decrypt/ocicrypt.c image-decrypt/encstream.c \
	image-decrypt/manifest.c image-decrypt/config.c image-decrypt/image.c image-decrypt/gziphdr.c image-decrypt/inflate.c image-decrypt/pax.c \
	image-decrypt/tarhdr.c image-decrypt/tar.c image-decrypt/tar_entry.c image-decrypt/tree.c image-decrypt/tree_lower.c image-decrypt/made.c image-decrypt/unpack.c \
	image-decrypt/unpack_make.c image-decrypt/whiteout.c image-decrypt/layer.c
# the owner's side
image_SRC += image-decrypt/layout.c image-decrypt/encrypt.c image-decrypt/push.c image-decrypt/flat.c
# the registry
image_SRC += image-decrypt/authfile.c image-decrypt/challenge.c image-decrypt/registry.c image-decrypt/registry_blob.c image-decrypt/registry_upload.c
