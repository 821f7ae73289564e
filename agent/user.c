/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/user.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/file.h"

enum { FIELDS_MAX = 7, NAME_MAX_LEN = 256 };

/* One line of a colon-separated file, borrowed from its text. */
typedef struct line {
	cof_span field[FIELDS_MAX];
	size_t n;
} line;

static cof_span cut(cof_span *rest, char at)
{
	size_t n = 0;
	while (n < rest->len && rest->data[n] != (uint8_t)at)
		n++;
	cof_span head = {rest->data, n};
	size_t used = n < rest->len ? n + 1 : n;
	*rest = (cof_span){rest->data + used, rest->len - used};
	return head;
}

static bool next_line(cof_span *text, line *ret)
{
	if (text->len == 0)
		return false;
	cof_span rest = cut(text, '\n');
	*ret = (line){0};
	while (ret->n < FIELDS_MAX && rest.len > 0)
		ret->field[ret->n++] = cut(&rest, ':');
	return true;
}

static bool span_is(cof_span a, cof_span b)
{
	return a.len == b.len && (a.len == 0 || strncmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}

/* Digits only, and below the value that means "no user": larger numbers have wrapped to root elsewhere. */
static bool number_of(cof_span s, uint32_t *ret)
{
	uint64_t v = 0;
	if (s.len == 0 || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.data[i] - '0');
	}
	if (v > UINT32_MAX - 1)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static int unknown(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "image-user-unknown", "the image's %s is not in its files", what);
}

static void take_home(cof_span home, cof_user *u)
{
	if (home.len == 0 || home.len >= sizeof u->home || home.data[0] != '/')
		return;
	memcpy(u->home, home.data, home.len);
	u->home[home.len] = '\0';
}

/*
 * What looks like a number is one, and never a name: else an image's files could make root of 1000, or of a number that
 * does not fit.
 */
static bool numeric(cof_span s)
{
	size_t i = s.len > 0 && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0;
	if (i == s.len)
		return false;
	for (; i < s.len; i++)
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	return true;
}

/* The entry of a name or a number; ret_name is the entry's name. */
static bool in_passwd(cof_span passwd, cof_span who, cof_user *u, cof_span *ret_name)
{
	line l;
	uint32_t uid = 0, gid = 0, asked = 0;
	bool by_number = numeric(who);
	if (by_number && !number_of(who, &asked))
		return false;
	while (next_line(&passwd, &l)) {
		if (l.n < 4 || !number_of(l.field[2], &uid) || !number_of(l.field[3], &gid))
			continue;
		if (by_number ? uid != asked : !span_is(l.field[0], who))
			continue;
		u->uid = uid;
		u->gid = gid;
		*ret_name = l.field[0];
		if (l.n > 5)
			take_home(l.field[5], u);
		return true;
	}
	return false;
}

static bool in_group(cof_span group, cof_span which, uint32_t *ret)
{
	line l;
	uint32_t gid = 0;
	while (!numeric(which) && next_line(&group, &l)) {
		if (l.n >= 3 && span_is(l.field[0], which) && number_of(l.field[2], &gid)) {
			*ret = gid;
			return true;
		}
	}
	return false;
}

static bool member_of(cof_span members, cof_span name)
{
	while (members.len > 0)
		if (span_is(cut(&members, ','), name))
			return true;
	return false;
}

static void add_group(cof_user *u, uint32_t gid)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return;
	if (u->n_groups < COF_USER_GROUPS_MAX)
		u->groups[u->n_groups++] = gid;
}

static void add_supplementary(cof_span group, cof_span name, cof_user *u)
{
	line l;
	uint32_t gid = 0;
	while (name.len > 0 && next_line(&group, &l))
		if (l.n >= 4 && number_of(l.field[2], &gid) && member_of(l.field[3], name))
			add_group(u, gid);
}

int cof_user_find(cof_span passwd, cof_span group, const char *spec, cof_user *ret, cof_err *err)
{
	cof_user u = {.home = "/"};
	cof_span name = {0};
	cof_span group_part = cof_span_str(spec[0] == '\0' ? "0" : spec);
	bool has_group = strchr(spec, ':') != NULL;
	cof_span who = cut(&group_part, ':');
	/* An entry without a name is nobody's. */
	if (who.len == 0 || (!in_passwd(passwd, who, &u, &name) && !number_of(who, &u.uid)))
		return unknown(err, "user");
	if (has_group && !in_group(group, group_part, &u.gid) && !number_of(group_part, &u.gid))
		return unknown(err, "group");
	add_group(&u, u.gid);
	if (!has_group)
		add_supplementary(group, name, &u);
	*ret = u;
	return 0;
}

/* An absent file is an empty one; anything but a regular file is refused. */
static int read_inside(int rootfd, const char *path, cof_buf *ret, cof_err *err)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	struct stat st;
	COF_AUTO_FD int fd = (int)syscall(SYS_openat2, rootfd, path, &how, sizeof how);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_err_sys(err, "image-user-unknown", "%s of the image", path);
	if (!S_ISREG(st.st_mode))
		return cof_err_set(err, COF_E_MALFORMED, "image-user-unknown", "%s of the image is not a file", path);
	if (cof_fd_read_all(fd, COF_USER_FILE_MAX, ret, err) < 0)
		return cof_err_set(err, COF_E_MALFORMED, "image-user-unknown", "%s of the image is larger than 1 MiB",
				   path);
	return 0;
}

int cof_user_resolve(int rootfd, const char *spec, cof_user *ret, cof_err *err)
{
	COF_AUTO(cof_buf) passwd = {0};
	COF_AUTO(cof_buf) group = {0};
	int r = read_inside(rootfd, "etc/passwd", &passwd, err);
	if (r == 0)
		r = read_inside(rootfd, "etc/group", &group, err);
	return r < 0 ? r : cof_user_find(cof_buf_span(&passwd), cof_buf_span(&group), spec, ret, err);
}
