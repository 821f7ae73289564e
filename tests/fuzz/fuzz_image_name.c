/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images and texts of platforms: what is taken has a place, and nothing in it that such a text may not hold.
 */
#include "image-decrypt/depot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const cof_image_name *n)
{
	bool remote = n->kind == COF_DEPOT_REGISTRY;
	if (remote != (n->path == NULL) || (!remote && n->path[0] == '\0'))
		abort();
	for (const char *c = n->tag; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			abort();
	if (remote && !n->has_digest && n->tag[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const cof_depot_kind bare[] = {COF_DEPOT_LAYOUT, COF_DEPOT_REGISTRY};
	COF_AUTO_FREE char *text = cof_span_dup_str(cof_span_of(data, len));
	cof_platform p;
	for (size_t i = 0; text != NULL && i < COF_COUNT(bare); i++) {
		COF_AUTO(cof_image_name) n = {0};
		if (cof_image_name_parse(text, bare[i], &n, NULL) == 0)
			check(&n);
		else if (n.path != NULL)
			abort();
	}
	if (text != NULL && cof_platform_parse(text, &p, NULL) == 0 &&
	    (p.os[0] == '\0' || p.architecture[0] == '\0' || strchr(p.architecture, '/') != NULL))
		abort();
	return 0;
}
