/* SPDX-License-Identifier: Apache-2.0 */
/* A registry's blob with its digest checked, as whoever copies one takes it. */
#pragma once

#include "image-decrypt/registry.h"

static inline int registry_blob(cof_registry *r, const cof_desc *d, cof_sink sink, void *arg, cof_err *e)
{
	const cof_image_source source = cof_registry_source(r);
	return cof_image_stream(&source, d, sink, arg, e);
}
