/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/helper.h"
#include "agent/keeper.h"
#include "agent/roles.h"
#include "agent/run.h"
#include "common/log.h"

typedef struct role {
	const char *name;
	int (*main)(int chan_fd);
} role;

static const role roles[] = {{"keeper", cof_keeper_main},
			     {"fetcher", cof_fetcher_main},
			     {"unpacker", cof_unpacker_main},
			     {"scratch", cof_scratch_main}};

static const char usage[] = "usage: coffer-agent --process-guest DIR --tcti TCTI --eventlog FILE --initdata-disk FILE\n"
			    "                    [--crun PATH] [--cgroups DIR] [--rest-port N]\n"
			    "       coffer-agent --role keeper|fetcher|unpacker|scratch   (channel on descriptor 3)\n"
			    "       coffer-agent --help | --version\n"
			    "As PID 1 without arguments it is the init of a guest.\n";

enum {
	OPT_FOLDER = 1,
	OPT_TCTI,
	OPT_EVENTLOG,
	OPT_DISK,
	OPT_CRUN,
	OPT_CGROUPS,
	OPT_REST,
	OPT_ROLE,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {
	{"process-guest", required_argument, NULL, OPT_FOLDER},
	{"tcti", required_argument, NULL, OPT_TCTI},
	{"eventlog", required_argument, NULL, OPT_EVENTLOG},
	{"initdata-disk", required_argument, NULL, OPT_DISK},
	{"crun", required_argument, NULL, OPT_CRUN},
	{"cgroups", required_argument, NULL, OPT_CGROUPS},
	{"rest-port", required_argument, NULL, OPT_REST},
	{"role", required_argument, NULL, OPT_ROLE},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static int run_role(const char *name)
{
	cof_log_init("coffer-agent", STDERR_FILENO, COF_LOG_INFO);
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(roles[i].name, name) == 0)
			/* Helpers end here at once: what they hold is the kernel's to take back. */
			_exit(roles[i].main(COF_HELPER_CHAN));
	(void)fputs(usage, stderr);
	return 2;
}

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? 2 : 0;
}

static int take_port(const char *text, int *ret)
{
	char *end = NULL;
	long v = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || v < -1 || v > 65535)
		return -1;
	*ret = (int)v;
	return 0;
}

/* One option into o; 0, or the exit code plus one. */
static int take_option(int opt, cof_run_opts *o)
{
	const char **const texts[] = {
		[OPT_FOLDER] = &o->folder,	[OPT_TCTI] = &o->tcti, [OPT_EVENTLOG] = &o->eventlog,
		[OPT_DISK] = &o->initdata_disk, [OPT_CRUN] = &o->crun, [OPT_CGROUPS] = &o->cgroups};
	if (opt >= OPT_FOLDER && opt <= OPT_CGROUPS) {
		*texts[opt] = optarg;
		return 0;
	}
	if (opt == OPT_REST && take_port(optarg, &o->rest_port) == 0)
		return 0;
	if (opt == OPT_ROLE)
		return 1 + run_role(optarg);
	if (opt == OPT_HELP)
		return 1 + print(usage);
	if (opt == OPT_VERSION)
		return 1 + print("coffer-agent " COF_VERSION "\n");
	(void)fputs(usage, stderr);
	return 1 + 2;
}

int main(int argc, char **argv)
{
	cof_run_opts o = {.crun = "/usr/bin/crun", .cgroups = "/sys/fs/cgroup", .rest_port = -1};
	/* The kernel hands its init whatever words of the command line it does not know itself: they are no options. */
	if (getpid() == 1 && (argc == 1 || strcmp(argv[0], "/init") == 0 || strncmp(argv[1], "--", 2) != 0))
		cof_init_main();
	for (int opt = getopt_long(argc, argv, "", options, NULL); opt != -1;
	     opt = getopt_long(argc, argv, "", options, NULL)) {
		int r = take_option(opt, &o);
		if (r != 0)
			return r - 1;
	}
	if (optind != argc || o.folder == NULL || o.tcti == NULL || o.eventlog == NULL || o.initdata_disk == NULL) {
		(void)fputs(usage, stderr);
		return 2;
	}
	return cof_process_guest_main(&o);
}
