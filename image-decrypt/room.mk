# SPDX-License-Identifier: Apache-2.0
LIBS += image
image_SRC := image-decrypt/reference.c image-decrypt/layerkey.c image-decrypt/ocicrypt.c image-decrypt/encstream.c \
	image-decrypt/manifest.c image-decrypt/config.c image-decrypt/image.c
# the owner's side
image_SRC += image-decrypt/layout.c image-decrypt/encrypt.c image-decrypt/push.c
# the registry
image_SRC += image-decrypt/challenge.c image-decrypt/registry.c image-decrypt/blob.c image-decrypt/upload.c
