/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one cleanup idiom: a variable asks for its release where it is declared, and ownership leaves it only
 * through cof_steal or cof_steal_fd. Releases accept NULL, zeroed objects and invalid descriptors (-EBADF), and
 * keep errno.
 *
 *	COF_AUTO(cof_buf) blob = {0};        value types: T##_release(T *)
 *	COF_AUTO_PTR(cof_http) http = NULL;  pointers:    T##_free(T *)
 *	COF_AUTO_FD int fd = -EBADF;
 *	COF_AUTO_FREE char *name = NULL;
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COF_AUTO(T) __attribute__((cleanup(T##_autop))) T
#define COF_AUTO_PTR(T) __attribute__((cleanup(T##_ptr_autop))) T *
#define COF_AUTO_FD __attribute__((cleanup(cof_fd_autop)))
#define COF_AUTO_FREE __attribute__((cleanup(cof_free_autop)))

/* For a value type: void release(T *) must leave a zeroed, reusable object. */
#define COF_DEFINE_AUTO(T, release)                                                                                    \
	__attribute__((unused)) static inline void T##_autop(T *v)                                                     \
	{                                                                                                              \
		int saved = errno;                                                                                     \
		release(v);                                                                                            \
		errno = saved;                                                                                         \
	}

/* For a pointer type: void release(T *) is called only for non-NULL. */
#define COF_DEFINE_AUTO_PTR(T, release)                                                                                \
	__attribute__((unused)) static inline void T##_ptr_autop(T **v)                                                \
	{                                                                                                              \
		int saved = errno;                                                                                     \
		if (*v != NULL)                                                                                        \
			release(*v);                                                                                   \
		errno = saved;                                                                                         \
	}

static inline void cof_fd_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		(void)close(*fd); /* never retried on EINTR: the number may be someone else's by then */
	*fd = -EBADF;
	errno = saved;
}

static inline void cof_fd_autop(int *fd)
{
	cof_fd_close(fd);
}

static inline void cof_free_autop(void *v)
{
	void *p = NULL;
	memcpy(&p, v, sizeof p);
	free(p); /* keeps errno in glibc 2.33 and later */
}

static inline int cof_steal_fd(int *fd)
{
	int taken = *fd;
	*fd = -EBADF;
	return taken;
}

/* Hands over the pointer and leaves NULL behind. */
#define cof_steal(pp)                                                                                                  \
	({                                                                                                             \
		__typeof__(*(pp)) cof_taken_ = *(pp);                                                                  \
		*(pp) = NULL;                                                                                          \
		cof_taken_;                                                                                            \
	})

#define COF_COUNT(array) (sizeof(array) / sizeof((array)[0]))
