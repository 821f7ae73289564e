/* SPDX-License-Identifier: Apache-2.0 */
/* Locks and turns. Their files are never removed: a lock on a name that has gone would hold nobody. */
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "attestation/endorsements/cache_int.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/rd.h"

enum { POLL_MS = 20, TURN_LEN = 8, HOLD_OFF_MAX_MS = 60 * 60 * 1000 };

static int open_file(const cof_ecache *s, const char *file, int *ret, cof_err *err)
{
	struct stat st;
	COF_AUTO_FD int fd =
		openat(s->fd, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_err_sys(err, "cache-failed", "%s", file);
	if (!S_ISREG(st.st_mode))
		return cof_err_set(err, COF_E_IO, "cache-failed", "%s: no regular file", file);
	*ret = cof_steal_fd(&fd);
	return 0;
}

static int lock_file(int fd, int64_t deadline_ms, cof_err *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return cof_err_sys(err, "cache-failed", "locking");
		if (cof_boot_ms() >= deadline_ms)
			return cof_err_set(err, COF_E_UNAVAILABLE, "endorsement-busy",
					   "another process is fetching it");
		(void)poll(NULL, 0, POLL_MS);
	}
	return 0;
}

int cof_ecache_lock(const cof_ecache *s, const cof_endorse_id *id, int64_t deadline_ms, int *ret_fd, cof_err *err)
{
	char name[COF_ENDORSE_NAME_MAX], file[COF_ECACHE_FILE_MAX];
	COF_AUTO_FD int fd = -EBADF;
	cof_endorse_name(id, name);
	int rc = cof_ecache_file(COF_ECACHE_LOCK, name, file, err);
	if (rc == 0)
		rc = open_file(s, file, &fd, err);
	if (rc == 0)
		rc = lock_file(fd, deadline_ms, err);
	if (rc == 0)
		*ret_fd = cof_steal_fd(&fd);
	return rc;
}

/* --- turns --- */

/* The wall clock, which all processes share and which survives a boot; a time that a jump of it made absurd is none. */
static int64_t read_turn(int fd, int64_t now)
{
	uint8_t bytes[TURN_LEN];
	if (pread(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return now;
	cof_rd r = cof_rd_of(cof_span_of(bytes, sizeof bytes));
	uint64_t at = cof_rd_u64le(&r);
	return at > (uint64_t)now && at <= (uint64_t)now + HOLD_OFF_MAX_MS ? (int64_t)at : now;
}

static int write_turn(int fd, int64_t at, cof_err *err)
{
	uint8_t bytes[TURN_LEN];
	cof_put_le(bytes, sizeof bytes, (uint64_t)at);
	return pwrite(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes ? 0
									   : cof_err_sys(err, "cache-failed", "a turn");
}

static int open_turn(const cof_ecache *s, const char *service, int *ret_fd, cof_err *err)
{
	char file[COF_ECACHE_FILE_MAX];
	COF_AUTO_FD int fd = -EBADF;
	int rc = cof_ecache_file(COF_ECACHE_TURN, service, file, err);
	if (rc == 0)
		rc = open_file(s, file, &fd, err);
	if (rc == 0)
		rc = lock_file(fd, cof_boot_ms() + 1000, err);
	if (rc == 0)
		*ret_fd = cof_steal_fd(&fd);
	return rc;
}

int cof_ecache_turn(const cof_ecache *s, const char *service, int64_t interval_ms, int64_t limit_ms, int64_t *ret_ms,
		    cof_err *err)
{
	COF_AUTO_FD int fd = -EBADF;
	int rc = open_turn(s, service, &fd, err);
	if (rc < 0)
		return rc;
	int64_t now = cof_clock_ms(CLOCK_REALTIME), at = read_turn(fd, now);
	if (at - now > limit_ms)
		return cof_err_set(err, COF_E_UNAVAILABLE, "endorsement-busy", "%s may be asked again in %lld s",
				   service, (long long)((at - now + 999) / 1000));
	*ret_ms = at - now;
	return write_turn(fd, at + interval_ms, err);
}

int cof_ecache_hold_off(const cof_ecache *s, const char *service, int64_t ms, cof_err *err)
{
	COF_AUTO_FD int fd = -EBADF;
	int rc = open_turn(s, service, &fd, err);
	if (rc < 0)
		return rc;
	int64_t now = cof_clock_ms(CLOCK_REALTIME), until = now + (ms < HOLD_OFF_MAX_MS ? ms : HOLD_OFF_MAX_MS);
	return until > read_turn(fd, now) ? write_turn(fd, until, err) : 0;
}
