/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of depots share: a table of functions for each kind, and a blob under way as a file. */
#pragma once

#include "image-decrypt/depot.h"

/* impl is what open gave; functions of writing are NULL where a kind cannot. */
typedef struct cof_depot_ops {
	int (*open)(cof_depot *p, const cof_depot_opts *opts, cof_err *err);
	void (*free)(void *impl);
	cof_image_source (*source)(void *impl);
	int (*has)(void *impl, const cof_desc *d, bool *ret, cof_err *err);
	/* Sets b->fd, where the blob's bytes go, and what else its kind needs of b. */
	int (*begin)(void *impl, cof_blob_new *b, cof_err *err);
	int (*end)(void *impl, cof_blob_new *b, const cof_digest *d, cof_err *err);
	/* Of every blob, ended or not. */
	void (*forget)(void *impl, cof_blob_new *b);
	/* Either may be NULL: a blob as a file that can be read from its start, and one that goes out from such a file.
	 */
	int (*file)(void *impl, const cof_desc *d, int *ret_fd, cof_err *err);
	int (*send)(void *impl, const cof_desc *d, int fd, cof_err *err);
	int (*put_manifest)(void *impl, const char *media_type, cof_span body, const char *tag, const cof_digest *d,
			    cof_err *err);
	int (*close)(void *impl, cof_err *err);
} cof_depot_ops;

struct cof_depot {
	const cof_depot_ops *ops;
	void *impl;
	bool write;
	cof_image_name name;
	char wanted[COF_REF_STR_MAX];
};

struct cof_blob_new {
	cof_depot *depot;
	int fd;
	uint64_t size;
	bool ended;
	void *own; /* of its kind */
};

extern const cof_depot_ops cof_depot_layout;
extern const cof_depot_ops cof_depot_registry;
extern const cof_depot_ops cof_depot_oci_archive;
extern const cof_depot_ops cof_depot_docker_archive;
