/* SPDX-License-Identifier: Apache-2.0 */
/* Carries an image from a layout to a registry: blobs that it lacks, then the manifest, so that a name never shows up
 * there before everything it names. */
#pragma once

#include "image-decrypt/layout.h"
#include "image-decrypt/registry.h"

/* ret is the manifest's digest; name is a tag, or NULL to push by digest alone. Reason "layer-digest-mismatch" when the
 * layout itself is damaged. */
COF_WUR int cof_push_image(cof_layout *from, const char *tag, cof_registry *to, const char *name, cof_digest *ret,
			   cof_err *err);
