/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_time COMMAND...: runs it and prints one line: wall seconds, CPU seconds of it and its children, CPU seconds
 * that everybody else took meanwhile, and the peak of its memory in KiB: the highest VmHWM of each of its processes,
 * summed. Exits as the command does.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/timing.h"

enum { PROCESSES_MAX = 64, LOOK_US = 5000 };

typedef struct peak {
	pid_t pid[PROCESSES_MAX];
	long kib[PROCESSES_MAX];
	size_t n;
} peak;

static double seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU time that the machine spent on anything: user, nice, system, irq, softirq of /proc/stat. */
static double machine_busy(void)
{
	double v[7] = {0};
	FILE *f = fopen("/proc/stat", "re");
	if (f == NULL || fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6) != 7)
		err(2, "/proc/stat");
	(void)fclose(f);
	return (v[0] + v[1] + v[2] + v[5] + v[6]) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_of(int who)
{
	struct rusage r;
	(void)getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void look_at(peak *p, pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	size_t i = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f != NULL)
		(void)fclose(f);
	while (i < p->n && p->pid[i] != pid)
		i++;
	if (i == PROCESSES_MAX || kib == 0)
		return;
	p->pid[i] = pid;
	p->kib[i] = kib;
	p->n = i == p->n ? i + 1 : p->n;
}

/* Every process of the group that the command leads. */
static void look(peak *p, pid_t group)
{
	DIR *d = opendir("/proc");
	if (d == NULL)
		err(2, "/proc");
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid > 0 && getpgid(pid) == group)
			look_at(p, pid);
	}
	(void)closedir(d);
}

int main(int argc, char **argv)
{
	peak p = {0};
	int status = 0;
	long sum = 0;
	if (argc < 2)
		errx(2, "usage: %s COMMAND...", argv[0]);
	double from = seconds(), busy = machine_busy();
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)setpgid(0, 0);
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		look(&p, pid);
		(void)usleep(LOOK_US);
	}
	double wall = seconds() - from, cpu = cpu_of(RUSAGE_CHILDREN);
	double others = machine_busy() - busy - cpu - cpu_of(RUSAGE_SELF);
	for (size_t i = 0; i < p.n; i++)
		sum += p.kib[i];
	printf("%.3f %.3f %.3f %ld\n", wall, cpu, others > 0 ? others : 0, sum);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
