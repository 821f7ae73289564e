/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs inside the demo's and the tests' containers: one static program, so that an image is one file. Its
 * arguments are verbs, done in order:
 *	show		kernel, uid, the secret file, and the secret that the guest's REST API gives
 *	get PATH	prints what http://127.0.0.1:8006PATH answers: status line and body
 *	exit N		ends with that code
 *	idle		waits for a signal
 *	echo TEXT, err TEXT	a line on stdout, on stderr
 *	cat		stdin to stdout
 *	vsock		whether a socket could be had that reaches the host
 *	flood N		N bytes on stdout
 *	tree PATH	every name below it, with its type, mode and owner
 *	sum PATH	size of a file, and a sum over all of it
 *	reread PATH	the same again and again until it cannot be read any more (ends with 5) or reads otherwise (6)
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { REST_PORT = 8006, ANSWER_MAX = 64 << 10 };

static int fail(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	return 1;
}

static int connect_rest(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(REST_PORT)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The whole answer, ended by a zero byte, or a negative length. */
static ssize_t request(const char *path, char *answer, size_t size)
{
	size_t n = 0;
	int fd = connect_rest();
	if (fd < 0)
		return -1;
	if (dprintf(fd, "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", path) < 0) {
		close(fd);
		return -1;
	}
	while (n + 1 < size) {
		ssize_t got = read(fd, answer + n, size - n - 1);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	answer[n] = 0;
	return (ssize_t)n;
}

static int get(const char *path, const char *label)
{
	static char answer[ANSWER_MAX];
	if (request(path, answer, sizeof answer) <= 0)
		return fail(path);
	char *body = strstr(answer, "\r\n\r\n");
	char *line = strstr(answer, "\r\n");
	if (body == NULL || line == NULL)
		return fail("not HTTP");
	*line = 0;
	body += 4;
	if (label == NULL)
		printf("%s\n%s\n", answer, body);
	else if (strstr(answer, " 200") == NULL)
		printf("%s: refused: %s %s\n", label, answer, body);
	else
		printf("%s: %s\n", label, body);
	return 0;
}

static int show_file(const char *path)
{
	char text[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return fail(path);
	text[strcspn(text, "\n")] = 0;
	printf("file in the encrypted layer: %s\n", text);
	return 0;
}

static int show(void)
{
	struct utsname u;
	if (uname(&u) < 0)
		return fail("uname");
	printf("kernel: %s %s\n", u.sysname, u.release);
	printf("uid: %u\n", (unsigned)getuid());
	int r = show_file("/secret.txt");
	return get("/cdh/resource/default/demo/secret", "secret from the key broker") | r;
}

static int flood(long n)
{
	char line[64];
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\n';
	for (; n > 0; n -= (long)sizeof line)
		if (fwrite(line, 1, n < (long)sizeof line ? (size_t)n : sizeof line, stdout) == 0)
			return fail("flood");
	return 0;
}

/* False when not all of it can be read. */
static int sum_of(const char *path, uint64_t *bytes, uint64_t *sum)
{
	static uint64_t chunk[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	*bytes = *sum = 0;
	while (fd >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0) {
		memset((char *)chunk + n, 0, sizeof chunk - (size_t)n);
		for (size_t i = 0; i < sizeof chunk / sizeof chunk[0]; i++)
			*sum = (*sum << 7 | *sum >> 57) + chunk[i];
		*bytes += (uint64_t)n;
	}
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return n == 0;
}

static int sum(const char *path)
{
	uint64_t bytes, value;
	if (!sum_of(path, &bytes, &value))
		return fail(path);
	printf("%s: %llu bytes, sum %016llx\n", path, (unsigned long long)bytes, (unsigned long long)value);
	return 0;
}

static int reread(const char *path)
{
	uint64_t bytes, first = 0, now;
	/* What damages the file may damage this program's as well: it is read no more. */
	if (mlockall(MCL_CURRENT) < 0)
		return fail("mlockall");
	for (int have = 0; sum_of(path, &bytes, &now); have = 1) {
		if (have && now != first)
			_exit(6);
		first = now;
	}
	printf("%s: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(5);
}

static int cat(void)
{
	char chunk[4096];
	size_t n = 0;
	while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
		fwrite(chunk, 1, n, stdout);
	return 0;
}

/* Sorted, so that two trees can be compared as text. */
static int tree(const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort), r = n < 0 ? fail(path) : 0;
	for (int i = 0; i < n; i++) {
		char below[4096];
		struct stat st;
		snprintf(below, sizeof below, "%s/%s", path, names[i]->d_name);
		bool real = strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0;
		if (real && lstat(below, &st) == 0) {
			char type = S_ISDIR(st.st_mode)	  ? 'd'
				    : S_ISLNK(st.st_mode) ? 'l'
				    : S_ISREG(st.st_mode) ? 'f'
							  : '?';
			printf("%c %04o %u %s\n", type, st.st_mode & 07777u, st.st_uid, below);
			if (type == 'd')
				r |= tree(below);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

static int vsock(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int device = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
	puts(fd < 0 && device < 0 ? "vsock: refused" : "vsock: there");
	return 0;
}

static int one(const char *verb, const char *arg)
{
	if (strcmp(verb, "get") == 0)
		return get(arg, NULL);
	if (strcmp(verb, "echo") == 0)
		return puts(arg) < 0;
	if (strcmp(verb, "err") == 0)
		return fprintf(stderr, "%s\n", arg) < 0;
	if (strcmp(verb, "tree") == 0)
		return tree(arg);
	if (strcmp(verb, "flood") == 0)
		return flood(strtol(arg, NULL, 10));
	if (strcmp(verb, "sum") == 0)
		return sum(arg);
	if (strcmp(verb, "reread") == 0)
		return reread(arg);
	if (strcmp(verb, "exit") == 0) {
		fflush(stdout);
		_exit((int)strtol(arg, NULL, 10));
	}
	fprintf(stderr, "workload: no such verb: %s\n", verb);
	return 2;
}

int main(int argc, char **argv)
{
	int code = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "show") == 0)
			code |= show();
		else if (strcmp(argv[i], "cat") == 0)
			code |= cat();
		else if (strcmp(argv[i], "vsock") == 0)
			code |= vsock();
		else if (strcmp(argv[i], "idle") == 0)
			pause();
		else if (i + 1 < argc) {
			code |= one(argv[i], argv[i + 1]);
			i++;
		} else
			return 2;
		fflush(stdout);
	}
	return code;
}
