/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/footer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_entry(cof_span image, const cof_footer *f, const cof_footer_entry *e)
{
	char text[COF_GUID_STR_MAX];
	cof_span found = {0};
	cof_guid_str(e->guid, text);
	(void)cof_footer_name(e->guid);
	if (strlen(text) != COF_GUID_STR_MAX - 1 || !cof_footer_find(f, e->guid, &found) || found.data != e->data.data)
		abort();
	if (e->data.len > 0 && (e->data.data < image.data || e->data.data + e->data.len > image.data + image.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const cof_span image = {data, len};
	cof_footer f;
	cof_err err;
	if (cof_footer_parse(image, &f, &err) < 0)
		return 0;
	if (f.n > COF_FOOTER_ENTRIES_MAX || (f.n > 0 && !f.present))
		abort();
	for (size_t i = 0; i < f.n; i++)
		check_entry(image, &f, &f.entries[i]);
	return 0;
}
