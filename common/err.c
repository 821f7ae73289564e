/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {
	[COF_OK] = "ok",
	[COF_E_USAGE] = "usage",
	[COF_E_IO] = "io",
	[COF_E_MALFORMED] = "malformed",
	[COF_E_CRYPTO] = "crypto",
	[COF_E_POLICY] = "policy",
	[COF_E_UNAVAILABLE] = "unavailable",
	[COF_E_INTERNAL] = "internal",
};

const char *cof_class_name(cof_class cls)
{
	size_t n = sizeof class_names / sizeof class_names[0];
	return (size_t)cls < n ? class_names[cls] : "internal";
}

/* Hostile bytes reach error texts: no control character may reach a terminal or a log through them. */
static void make_printable(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static void copy_bounded(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);
	memmove(to, from, n);
	to[n] = '\0';
}

COF_PRINTF(3, 0) static void fill(cof_err *err, const char *reason, const char *fmt, va_list ap)
{
	char text[COF_ERR_TEXT_MAX];
	(void)vsnprintf(text, sizeof text, fmt, ap);
	make_printable(text);
	copy_bounded(err->text, sizeof err->text, text);
	copy_bounded(err->reason, sizeof err->reason, reason);
	make_printable(err->reason);
}

int cof_err_set(cof_err *err, cof_class cls, const char *reason, const char *fmt, ...)
{
	if (err != NULL) {
		va_list ap;
		va_start(ap, fmt);
		fill(err, reason, fmt, ap);
		va_end(ap);
		err->cls = cls;
		err->sys = 0;
	}
	return -(int)cls;
}

static void append(cof_err *err, const char *more)
{
	size_t used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof err->text - used, ": %s", more);
}

int cof_err_sys(cof_err *err, const char *reason, const char *fmt, ...)
{
	int sys = errno;
	if (err != NULL) {
		char why[64];
		va_list ap;
		va_start(ap, fmt);
		fill(err, reason, fmt, ap);
		va_end(ap);
		err->cls = COF_E_IO;
		err->sys = sys;
		append(err, strerror_r(sys, why, sizeof why));
	}
	errno = sys;
	return -(int)COF_E_IO;
}

int cof_err_wrap(cof_err *err, const char *fmt, ...)
{
	if (err == NULL)
		return -(int)COF_E_INTERNAL;
	cof_err inner = *err;
	va_list ap;
	va_start(ap, fmt);
	fill(err, inner.reason, fmt, ap);
	va_end(ap);
	append(err, inner.text);
	return -(int)err->cls;
}

int cof_err_oom(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "out-of-memory", "memory ran out");
}

bool cof_err_is(const cof_err *err, const char *reason)
{
	return strcmp(err->reason, reason) == 0;
}
