/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "runtime/cli/cli.h"

static int cmd_image(int argc, char **argv)
{
	return cof_cli_dispatch("coffer image", cof_verbs_image, argc, argv);
}

static int cmd_kbs(int argc, char **argv)
{
	return cof_cli_dispatch("coffer kbs", cof_verbs_kbs, argc, argv);
}

static int cmd_initdata(int argc, char **argv)
{
	return cof_cli_dispatch("coffer initdata", cof_verbs_initdata, argc, argv);
}

static int cmd_token(int argc, char **argv)
{
	return cof_cli_dispatch("coffer token", cof_verbs_token, argc, argv);
}

static int cmd_endorsements(int argc, char **argv)
{
	return cof_cli_dispatch("coffer endorsements", cof_verbs_endorsements, argc, argv);
}

static const cof_verb verbs[] = {
	{"run", "start a measured virtual machine and run one image in it", cof_cmd_run},
	{"initdata", "make, show and digest initdata documents", cmd_initdata},
	{"image", "encrypt, push, pull and unpack images", cmd_image},
	{"kbs", "administer a key broker", cmd_kbs},
	{"measure", "predict what a machine will measure", cof_cmd_measure},
	{"verify", "judge evidence, tokens and reference values, offline", cof_cmd_verify},
	{"endorsements", "fetch, keep and carry what vendors say of their processors", cmd_endorsements},
	{"sev", "launch SEV and SEV-ES guests: sessions, and secrets for launches that verify", cof_cmd_sev},
	{"token", "publish the key that signs results of verify", cmd_token},
	{"tpm-ca", "make the CA of software TPMs, and print what an owner enrols", cof_cmd_tpm_ca},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	/* A closed pipe is an error of the write, with its reason, and not a silent death. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Owners' keys and passwords pass through JSON and OpenSSL here. */
	cof_secret_wipe_heap();
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("coffer %s\n", COF_VERSION) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return cof_cli_dispatch("coffer", verbs, argc, argv);
}
