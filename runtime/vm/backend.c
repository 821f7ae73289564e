/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/backend.h"

#include <string.h>

/* Strongest first. */
const cof_tee *const cof_tees[] = {&cof_tee_tpm, NULL};

static int choose_auto(const cof_tee **ret, cof_err *err)
{
	int r = cof_err_set(err, COF_E_UNAVAILABLE, "tee-unavailable", "this build has no back end");
	for (const cof_tee *const *t = cof_tees; *t != NULL; t++) {
		r = (*t)->probe(err);
		if (r < 0)
			continue;
		*ret = *t;
		return 0;
	}
	return r;
}

int cof_tee_choose(const char *name, const cof_tee **ret, cof_err *err)
{
	char known[128] = "";
	if (strcmp(name, "auto") == 0)
		return choose_auto(ret, err);
	for (const cof_tee *const *t = cof_tees; *t != NULL; t++) {
		if (strcmp((*t)->name, name) == 0) {
			int r = (*t)->probe(err);
			if (r == 0)
				*ret = *t;
			return r;
		}
		(void)strncat(known, " ", sizeof known - strlen(known) - 1);
		(void)strncat(known, (*t)->name, sizeof known - strlen(known) - 1);
	}
	return cof_err_set(err, COF_E_USAGE, "tee-unknown", "this build has no back end for %s; it has:%s", name,
			   known);
}
