/* SPDX-License-Identifier: Apache-2.0 */
/* index.json of a layout from a stranger: whatever it says, nothing but a blob of the layout is read. */
#include <stdio.h>

#include "common/file.h"
#include "image-decrypt/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[] = "/tmp/cof-fuzz-layout-XXXXXX";
static cof_layout *layout;

static void clean_up(void)
{
	cof_layout_free(layout);
	if (cof_rm_tree(folder, NULL) < 0)
		abort();
}

static void set_up(void)
{
	if (mkdtemp(folder) == NULL || cof_layout_open(&layout, folder, true, NULL) < 0 || atexit(clean_up) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_FREE char *path = NULL;
	if (layout == NULL)
		set_up();
	if (cof_path(&path, NULL, "%s/index.json", folder) < 0)
		abort();
	FILE *f = fopen(path, "we"); /* no fsync for every input */
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0)
		abort();
	cof_image_source source = cof_layout_source(layout);
	if (cof_image_load(&source, "latest", COF_PLATFORM_DEFAULT, &image, NULL) == 0)
		abort(); /* there are no blobs */
	return 0;
}
