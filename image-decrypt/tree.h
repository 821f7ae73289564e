/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory tree that hostile names cannot leave. Names are made canonical here: symbolic links in parents are
 * resolved one by one within the tree (and, for a layer that will lie on others, in the merged view of all of them),
 * and what is opened in the end has no link and no ".." left in it, which openat2 checks again.
 *
 * Reasons: "tar-name" (".." or nothing), "tar-name-too-long", "tar-too-deep", "tar-symlink-loop",
 * "tar-parent-not-directory" (all malformed), "unpack-io", "unpack-no-space" (io).
 */
#pragma once

#include <limits.h>
#include <sys/stat.h>

#include "common/buf.h"

enum { COF_TREE_DEPTH_MAX = 128, COF_TREE_LINKS_MAX = 40 };

typedef struct cof_tree {
	int root;
	const int *lowers; /* top first */
	size_t n_lowers;
	int (*gate)(void *arg, cof_err *err); /* until they are there; see lowers of unpack.h */
	void *gate_arg;
	bool overlay;
	/* the directory used last, its attributes kept as they were before we added to it */
	int dir_fd;
	char dir[PATH_MAX];  /* as asked */
	char real[PATH_MAX]; /* canonical */
	struct timespec dir_times[2];
} cof_tree;

/* Where an entry goes: a directory and one component. */
typedef struct cof_place {
	int dir;	  /* borrowed from the tree until its next call */
	const char *real; /* canonical path of the directory, "" for the root */
	char name[NAME_MAX + 1];
} cof_place;

void cof_tree_init(cof_tree *t, int root, const int *lowers, size_t n_lowers, bool overlay);
/* Called once, before the first look at a lower layer. */
void cof_tree_gate(cof_tree *t, int (*gate)(void *arg, cof_err *err), void *arg);
/* Lets the last directory go and gives it back its times. */
void cof_tree_leave(cof_tree *t);

/* Strips leading slashes, "." and empty components; refuses "..". "" is the root. */
COF_WUR int cof_tree_normalise(const char *in, char out[PATH_MAX], cof_err *err);
/* The parent of a normalised, non-empty path, made where it is missing. */
COF_WUR int cof_tree_place(cof_tree *t, const char *path, cof_place *ret, cof_err *err);
/* The canonical form of a path's parent, without making anything: reason "tar-hardlink" when it is not there. ret gets
 * the whole canonical path. */
COF_WUR int cof_tree_find(cof_tree *t, const char *path, char ret[PATH_MAX], cof_err *err);

/* openat2, beneath and without links; -1 and errno. path "" is dir itself. */
int cof_tree_open(int dir, const char *path, int flags);
/* Removes a path with everything below it. An absent one is fine. */
COF_WUR int cof_tree_remove(int dir, const char *name, cof_err *err);
/* An errno as "unpack-io", or "unpack-no-space"; names inside images stay out of texts, which the host may see. */
COF_WUR int cof_tree_sys(cof_err *err, const char *what);
bool cof_tree_is_whiteout(const struct stat *st);
/* user.overlay.opaque = y */
COF_WUR int cof_tree_set_opaque(int dir, cof_err *err);
/* Copies mode, owner, times and permitted attributes from one descriptor to another. */
COF_WUR int cof_tree_copy_meta(int from, int to, cof_err *err);
bool cof_tree_xattr_allowed(const char *name);
/* Removes the permitted attributes, and no others. */
COF_WUR int cof_tree_drop_xattrs(int fd, cof_err *err);

/* Finds a canonical path in the lower layers as overlayfs would show it: an O_PATH descriptor, -EBADF where there is
 * none. Fails as the gate does. */
COF_WUR int cof_tree_lower(cof_tree *t, const char *path, int *ret_fd, cof_err *err);
