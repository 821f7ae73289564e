/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `coffer tpm-ca DIR`: the CA that certifies the software TPMs of `coffer run --tpm-ca DIR`, so that an owner can
 * enrol its root before anything boots. Who holds DIR can make any TPM: it belongs to whoever runs swtpm.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/cli/cli.h"
#include "runtime/vm/swtpm.h"

int cof_cmd_tpm_ca(int argc, char **argv)
{
	COF_AUTO(cof_buf) pem = {0};
	cof_err err = {0};
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs("Usage: coffer tpm-ca DIR\n\nMakes the CA of software TPMs in DIR unless it is there, and "
			     "prints its certificates (PEM).\n`coffer kbs set-ek-root FILE` enrols them; `coffer run "
			     "--tpm-ca DIR` uses the CA.\n",
			     stdout) < 0
			       ? COF_EXIT_USAGE
			       : COF_EXIT_YES;
	if (argc != 2 || argv[1][0] == '-')
		return cof_cli_usage("coffer tpm-ca takes a folder");
	int r = cof_swtpm_ca(argv[1], &pem, &err);
	if (r == 0)
		r = cof_cli_write(NULL, cof_buf_span(&pem), 0644, &err);
	return r < 0 ? cof_cli_fail(&err, false) : COF_EXIT_YES;
}
