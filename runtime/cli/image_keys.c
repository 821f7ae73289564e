/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image_keys.h"

#include "runtime/cli/cli.h"

bool cof_cli_keys_option(cof_cli_keys *k, int opt, const char *arg, int *ret_exit)
{
	*ret_exit = 0;
	if (opt == COF_OPT_KEY && k->n == COF_ENC_KEYS_MAX)
		*ret_exit = cof_cli_usage("at most %d keys", COF_ENC_KEYS_MAX);
	else if (opt == COF_OPT_KEY)
		k->at[k->n++] = arg;
	else if (opt == COF_OPT_KEK)
		k->kek = arg;
	else if (opt == COF_OPT_CTR)
		k->allow_ctr = true;
	else
		return false;
	return true;
}

int cof_cli_keys_load(const cof_cli_keys *k, cof_enc_keys **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_enc_keys) keys = NULL;
	int r = cof_enc_keys_new(&keys, err);
	for (size_t i = 0; r == 0 && i < k->n; i++)
		r = cof_enc_keys_add(keys, k->at[i], err);
	if (r == 0 && k->kek != NULL)
		r = cof_enc_keys_add_dir(keys, k->kek, err);
	if (r == 0)
		*ret = cof_steal(&keys);
	return r;
}
