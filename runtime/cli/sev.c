/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sev: what the owner of a SEV or SEV-ES guest does before it starts. */
#include "runtime/cli/sev.h"

#include "firmware/sev/policy.h"

int cof_sev_refusal(const cof_checks *checks, cof_err *err)
{
	const cof_check *k = &checks->list[checks->first];
	if (checks->failed == 0)
		return cof_err_set(err, COF_E_POLICY, "nothing-checked", "no check could be made");
	return cof_err_set(err, COF_E_POLICY, k->name, "%s%s%s%s%s", cof_stage_name(k->stage),
			   k->expected[0] != '\0' ? ", expected " : "", k->expected,
			   k->found[0] != '\0' ? ", found " : "", k->found);
}

int cof_sev_take_api(const char *option, const char *text, uint8_t *ret_major, uint8_t *ret_minor, cof_err *err)
{
	if (!cof_sev_api_read(text, ret_major, ret_minor))
		return cof_err_set(err, COF_E_USAGE, "usage", "%s takes MAJOR.MINOR", option);
	return 0;
}

int cof_sev_take_text(const cof_sev_text *texts, size_t n, int c, const char *value)
{
	for (size_t i = 0; i < n; i++) {
		if (texts[i].c != c)
			continue;
		if (*texts[i].to != NULL)
			return cof_cli_usage("an option was given twice: %s", value);
		*texts[i].to = value;
	}
	return COF_EXIT_YES;
}

int cof_cmd_sev(int argc, char **argv)
{
	static const cof_verb verbs[] = {
		{"session", "verify a platform and make the files that a guest is launched with", cof_cmd_sev_session},
		{"secret", "verify a launch and make the packet that carries a secret into it", cof_cmd_sev_secret},
		{NULL, NULL, NULL},
	};
	return cof_cli_dispatch("coffer sev", verbs, argc, argv);
}
