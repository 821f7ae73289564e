/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tableloader.h"

#include "common/rd.h"
#include "common/secret.h"

enum { RECORD_LEN = 128, ALLOCATE = 1, NAME_LEN = 56 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "acpi-malformed", "table loader: %s", what);
}

int cof_table_loader_parse(cof_span script, cof_table_loader *ret, cof_err *err)
{
	cof_table_loader t = {0};
	cof_rd r = cof_rd_of(script);
	if (r.left == 0 || r.left % RECORD_LEN != 0 || r.left / RECORD_LEN > COF_TABLE_LOADER_RECORDS_MAX)
		return malformed(err, "size");
	while (r.left > 0) {
		cof_rd record = cof_rd_sub(&r, RECORD_LEN);
		if (cof_rd_u32le(&record) != ALLOCATE)
			continue;
		if (t.n == COF_TABLE_LOADER_FILES_MAX)
			return malformed(err, "too many files");
		t.files[t.n++] = cof_rd_bytes(&record, NAME_LEN);
	}
	*ret = t;
	return 0;
}

bool cof_table_loader_is(cof_span name, const char *file)
{
	size_t len = strlen(file) + 1; /* with its NUL, so that no longer name passes */
	return name.len >= len && cof_ct_equal((cof_span){name.data, len}, cof_span_of(file, len));
}
