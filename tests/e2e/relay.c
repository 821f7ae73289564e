/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay TO-PORT PORT-FILE [cut=BYTES] [cuts=N] [delay=MS] [window=BYTES]: a bad line to a server on loopback. Each of
 * the first N connections (all, without cuts) is cut when it has brought BYTES to the client; bytes arrive MS later,
 * and no more than BYTES of a window are on their way in each direction.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/file.h"

enum { LINES_MAX = 64, CHUNK = 64 << 10, QUEUE_MAX = 4096 };

typedef struct settings {
	long cut, cuts, delay, window;
} settings;

/* Bytes on their way, with the time at which they arrive. */
typedef struct chunk {
	int64_t due;
	size_t len, sent;
	char bytes[];
} chunk;

typedef struct way {
	int from, to;
	chunk *queue[QUEUE_MAX];
	size_t head, tail;
	size_t held;
	bool ended;
} way;

typedef struct line {
	way ways[2]; /* to the server, to the client */
	long left;   /* bytes until the cut; negative: none */
} line;

static line *lines[LINES_MAX];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int dial(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -1;
	return fd;
}

static void end_line(line **at)
{
	for (int i = 0; i < 2; i++)
		for (way *w = &(*at)->ways[i]; w->head < w->tail; w->head++)
			free(w->queue[w->head % QUEUE_MAX]);
	(void)close((*at)->ways[0].from);
	(void)close((*at)->ways[1].from);
	free(*at);
	*at = NULL;
}

static void begin_line(int fd, uint16_t port, const settings *s, long nth)
{
	line **at = lines;
	while (at < lines + LINES_MAX && *at != NULL)
		at++;
	int server = dial(port);
	if (at == lines + LINES_MAX || server < 0) {
		(void)close(fd);
		return;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(server, F_SETFL, O_NONBLOCK);
	*at = calloc(1, sizeof **at);
	if (*at == NULL)
		die("memory");
	**at = (line){.ways = {{.from = fd, .to = server}, {.from = server, .to = fd}},
		      .left = s->cut > 0 && (s->cuts == 0 || nth < s->cuts) ? s->cut : -1};
}

static bool has_room(const way *w, const settings *s)
{
	return !w->ended && w->tail - w->head < QUEUE_MAX && (s->window == 0 || w->held < (size_t)s->window);
}

/* False: the line is over. */
static bool take(way *w, const settings *s)
{
	chunk *c = malloc(sizeof *c + CHUNK);
	if (c == NULL)
		die("memory");
	ssize_t n = read(w->from, c->bytes, CHUNK);
	if (n <= 0) {
		bool again = n < 0 && errno == EAGAIN;
		free(c);
		w->ended = !again;
		return again || w->head < w->tail;
	}
	c->due = cof_now_ms() + s->delay;
	c->len = (size_t)n;
	c->sent = 0;
	w->queue[w->tail++ % QUEUE_MAX] = c;
	w->held += c->len;
	return true;
}

static bool give(line *l, way *w)
{
	while (w->head < w->tail && w->queue[w->head % QUEUE_MAX]->due <= cof_now_ms()) {
		chunk *c = w->queue[w->head % QUEUE_MAX];
		size_t n = c->len - c->sent;
		bool back = w == &l->ways[1];
		if (back && l->left >= 0 && n > (size_t)l->left)
			n = (size_t)l->left;
		ssize_t sent = n == 0 ? 0 : write(w->to, c->bytes + c->sent, n);
		if (sent < 0)
			return errno == EAGAIN;
		c->sent += (size_t)sent;
		w->held -= (size_t)sent;
		if (back && l->left >= 0 && (l->left -= sent) == 0)
			return false;
		if (c->sent < c->len)
			return true;
		free(c);
		w->head++;
	}
	return !w->ended || w->head < w->tail;
}

static void turn(line **at, const settings *s)
{
	for (int i = 0; *at != NULL && i < 2; i++) {
		way *w = &(*at)->ways[i];
		if ((has_room(w, s) && !take(w, s)) || !give(*at, w))
			end_line(at);
	}
}

/* Waits until something can move. */
static void wait_all(int listener, const settings *s)
{
	struct pollfd fds[1 + 2 * LINES_MAX] = {{listener, POLLIN, 0}};
	nfds_t n = 1;
	int64_t now = cof_now_ms();
	int wait = -1;
	for (size_t i = 0; i < 2 * (size_t)LINES_MAX; i++) {
		if (lines[i / 2] == NULL)
			continue;
		const way *w = &lines[i / 2]->ways[i % 2];
		const chunk *c = w->head < w->tail ? w->queue[w->head % QUEUE_MAX] : NULL;
		if (has_room(w, s))
			fds[n++] = (struct pollfd){w->from, POLLIN, 0};
		if (c != NULL && c->due <= now)
			fds[n++] = (struct pollfd){w->to, POLLOUT, 0};
		else if (c != NULL && (wait < 0 || c->due - now < wait))
			wait = (int)(c->due - now);
	}
	(void)poll(fds, n, wait);
}

static void serve(int listener, uint16_t port, const settings *s)
{
	for (long nth = 0;;) {
		wait_all(listener, s);
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			begin_line(fd, port, s, nth++);
		for (size_t i = 0; i < LINES_MAX; i++)
			if (lines[i] != NULL)
				turn(&lines[i], s);
	}
}

static int open_listener(const char *port_file)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof a;
	char text[16];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, LINES_MAX) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	(void)snprintf(text, sizeof text, "%u\n", ntohs(a.sin_port));
	cof_err err = {0};
	if (cof_file_write(port_file, cof_span_str(text), 0600, &err) < 0)
		die(err.text);
	return fd;
}

static void set(settings *s, const char *word)
{
	const struct {
		const char *name;
		long *to;
	} known[] = {{"cut=", &s->cut}, {"cuts=", &s->cuts}, {"delay=", &s->delay}, {"window=", &s->window}};
	for (size_t i = 0; i < COF_COUNT(known); i++)
		if (strncmp(word, known[i].name, strlen(known[i].name)) == 0)
			*known[i].to = strtol(word + strlen(known[i].name), NULL, 10);
}

int main(int argc, char **argv)
{
	settings s = {0};
	if (argc < 3)
		return 2;
	for (int i = 3; i < argc; i++)
		set(&s, argv[i]);
	(void)signal(SIGPIPE, SIG_IGN);
	serve(open_listener(argv[2]), (uint16_t)strtoul(argv[1], NULL, 10), &s);
}
