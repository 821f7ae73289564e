/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1024 };

/* The log belongs to the program, not to a library: the one piece of process-wide state. */
static struct {
	const char *program;
	int fd;
	cof_log_level level;
} sink = {"coffer", STDERR_FILENO, COF_LOG_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

typedef struct line {
	char text[LINE_MAX_LEN];
	size_t len;
} line;

void cof_log_init(const char *program, int fd, cof_log_level level)
{
	sink.program = program;
	sink.fd = fd;
	sink.level = level;
}

static void put(line *l, char c)
{
	if (l->len < sizeof l->text - 2) /* room for the newline */
		l->text[l->len++] = c;
}

static void put_word(line *l, const char *s)
{
	for (; *s != '\0'; s++)
		put(l, *s);
}

/* A value in quotes; anything that could end the quotes, the line or a terminal's patience becomes an escape. */
static void put_value(line *l, const char *s)
{
	static const char digits[] = "0123456789abcdef";
	put(l, '"');
	for (; *s != '\0'; s++) {
		uint8_t c = (uint8_t)*s;
		if (c == '"' || c == '\\') {
			put(l, '\\');
			put(l, *s);
		} else if (c < 0x20 || c == 0x7f) {
			put_word(l, "\\x");
			put(l, digits[c >> 4]);
			put(l, digits[c & 15]);
		} else {
			put(l, *s);
		}
	}
	put(l, '"');
}

static void put_pair(line *l, const char *key, const char *value)
{
	put(l, ' ');
	put_word(l, key);
	put(l, '=');
	put_value(l, value != NULL ? value : "");
}

static void flush(line *l)
{
	l->text[l->len++] = '\n';
	ssize_t ignored = write(sink.fd, l->text, l->len); /* a log that cannot be written stops nobody */
	(void)ignored;
}

static void start(line *l, cof_log_level level, const char *module, const char *event)
{
	put_word(l, "level=");
	put_word(l, level_names[level]);
	put_word(l, " program=");
	put_word(l, sink.program);
	put_word(l, " module=");
	put_word(l, module);
	put_pair(l, "event", event);
}

void cof_log(cof_log_level level, const char *module, const char *event, ...)
{
	if (level > sink.level)
		return;
	line l = {.len = 0};
	start(&l, level, module, event);
	va_list ap;
	va_start(ap, event);
	for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *)) {
		const char *value = va_arg(ap, const char *);
		put_pair(&l, key, value);
	}
	va_end(ap);
	flush(&l);
}

void cof_log_err(cof_log_level level, const char *module, const char *event, const cof_err *err)
{
	cof_log(level, module, event, "class", cof_class_name(err->cls), "reason", err->reason, "text", err->text,
		NULL);
}
