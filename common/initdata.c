/* SPDX-License-Identifier: Apache-2.0 */
#include "common/initdata.h"

#include <isa-l/igzip_lib.h>
#include <string.h>

#include "common/rd.h"
#include "common/secret.h"
#include "common/toml.h"
#include "common/wr.h"

#define MAGIC "initdata"
#define VERSION "0.1.0"
enum { MAGIC_LEN = 8, SECTOR = 512 };

void cof_initdata_release(cof_initdata *d)
{
	json_decref(d->data);
	*d = (cof_initdata){0};
}

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "initdata-malformed", "%s", why);
}

static int too_large(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "initdata-too-large", "more than %d bytes of initdata",
			   COF_INITDATA_MAX);
}

/* The reason is ours, the text is what the inner parser said. */
static int not_initdata(const cof_err *inner, cof_err *err)
{
	if (inner->cls == COF_E_INTERNAL)
		return cof_err_set(err, inner->cls, inner->reason, "%s", inner->text);
	return malformed(err, inner->text);
}

/* --- the document --- */

static int check_header(const json_t *root, cof_hash *ret_alg, cof_err *err)
{
	static const char *const known[] = {"version", "algorithm", "data", NULL};
	const char *version = NULL;
	const char *alg = NULL;
	int r = cof_json_only(root, known, err);
	if (r == 0)
		r = cof_json_str(root, "version", &version, err);
	if (r == 0)
		r = cof_json_str(root, "algorithm", &alg, err);
	if (r == 0 && strcmp(version, VERSION) != 0)
		return malformed(err, "the version is not " VERSION);
	return r < 0 ? r : cof_hash_by_name(alg, ret_alg, err);
}

static int check_data(json_t *data, cof_err *err)
{
	const char *name = NULL;
	json_t *text = NULL;
	if (json_object_size(data) > COF_INITDATA_ENTRIES_MAX)
		return malformed(err, "too many entries in [data]");
	json_object_foreach (data, name, text)
		if (!json_is_string(text))
			return malformed(err, "an entry of [data] is not a text");
	return 0;
}

static int take(const json_t *root, cof_span toml, cof_initdata *ret, cof_err *err)
{
	json_t *data = NULL;
	cof_initdata d = {0};
	int r = check_header(root, &d.alg, err);
	if (r == 0)
		r = cof_json_obj(root, "data", &data, err);
	if (r == 0)
		r = check_data(data, err);
	if (r == 0)
		r = cof_digest_of(d.alg, toml, &d.digest, err);
	if (r < 0)
		return r;
	d.data = json_incref(data);
	*ret = d;
	return 0;
}

int cof_initdata_parse(cof_span toml, cof_initdata *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) root = NULL;
	cof_err inner = {0};
	if (toml.len > COF_INITDATA_MAX)
		return too_large(err);
	if (cof_toml_parse(toml, &root, &inner) < 0 || take(root, toml, ret, &inner) < 0)
		return not_initdata(&inner, err);
	return 0;
}

const char *cof_initdata_entry(const cof_initdata *d, const char *name)
{
	return json_string_value(json_object_get(d->data, name));
}

int cof_initdata_field(const cof_digest *d, size_t width, uint8_t *out, cof_err *err)
{
	static const uint8_t zeros[COF_DIGEST_MAX];
	cof_span digest = cof_digest_span(d);
	if (width == 0 || width > COF_DIGEST_MAX)
		return cof_err_set(err, COF_E_INTERNAL, "bad-width", "no platform field has %zu bytes", width);
	if (cof_ct_equal(digest, cof_span_of(zeros, digest.len)))
		return malformed(err, "a digest of zeros");
	memset(out, 0, width);
	memcpy(out, digest.data, digest.len < width ? digest.len : width);
	return 0;
}

/* --- the disk --- */

static int deflate(cof_span in, cof_buf *out, cof_err *err)
{
	/* Stored blocks cost 5 bytes in 64 KiB; the gzip frame costs 18. */
	size_t worst = in.len + in.len / 1000 + 256;
	COF_AUTO_FREE struct isal_zstream *z = calloc(1, sizeof *z);
	if (z == NULL)
		return cof_err_oom(err);
	int r = cof_buf_reserve(out, worst, err);
	if (r < 0)
		return r;
	isal_deflate_stateless_init(z);
	z->gzip_flag = IGZIP_GZIP;
	z->end_of_stream = 1;
	z->next_in = (uint8_t *)(uintptr_t)in.data; /* only read */
	z->avail_in = (uint32_t)in.len;
	z->next_out = out->data + out->len;
	z->avail_out = (uint32_t)worst;
	if (isal_deflate_stateless(z) != COMP_OK || z->avail_in != 0)
		return cof_err_set(err, COF_E_INTERNAL, "deflate-failed", "initdata does not compress");
	out->len += z->total_out;
	return 0;
}

int cof_initdata_pack(cof_span toml, cof_buf *ret_disk, cof_err *err)
{
	COF_AUTO(cof_buf) stream = {0};
	if (toml.len > COF_INITDATA_MAX)
		return too_large(err);
	int r = deflate(toml, &stream, err);
	if (r < 0)
		return r;
	size_t used = MAGIC_LEN + sizeof(uint64_t) + stream.len;
	cof_wr w = cof_wr_to(ret_disk);
	cof_wr_bytes(&w, cof_span_str(MAGIC));
	cof_wr_u64le(&w, stream.len);
	cof_wr_bytes(&w, cof_buf_span(&stream));
	cof_wr_zeros(&w, (SECTOR - used % SECTOR) % SECTOR);
	return cof_wr_done(&w, err);
}

/* One byte more than the limit tells "too large" from "just fits". */
static int inflate(cof_span in, cof_buf *out, cof_err *err)
{
	COF_AUTO_FREE struct inflate_state *z = calloc(1, sizeof *z);
	if (z == NULL)
		return cof_err_oom(err);
	int r = cof_buf_reserve(out, COF_INITDATA_MAX + 1, err);
	if (r < 0)
		return r;
	isal_inflate_init(z);
	z->crc_flag = ISAL_GZIP;
	z->next_in = (uint8_t *)(uintptr_t)in.data; /* only read */
	z->avail_in = (uint32_t)in.len;
	z->next_out = out->data;
	z->avail_out = COF_INITDATA_MAX + 1;
	if (isal_inflate(z) != ISAL_DECOMP_OK)
		return malformed(err, "the gzip stream is broken");
	if (z->total_out > COF_INITDATA_MAX)
		return too_large(err);
	if (z->block_state != ISAL_BLOCK_FINISH || z->avail_in != 0)
		return malformed(err, "the gzip stream does not end where its length says");
	out->len = z->total_out;
	out->data[out->len] = 0;
	return 0;
}

int cof_initdata_unpack(cof_span disk, cof_buf *ret_toml, cof_err *err)
{
	COF_AUTO(cof_buf) out = {0};
	cof_rd rd = cof_rd_of(disk);
	cof_span magic = cof_rd_bytes(&rd, MAGIC_LEN);
	if (!cof_rd_ok(&rd) || !cof_ct_equal(magic, cof_span_str(MAGIC)))
		return cof_err_set(err, COF_E_MALFORMED, "initdata-absent", "the disk does not begin with " MAGIC);
	uint64_t len = cof_rd_u64le(&rd);
	if (cof_rd_ok(&rd) && len > COF_INITDATA_DISK_MAX)
		return too_large(err);
	cof_span stream = cof_rd_bytes(&rd, (size_t)len);
	if (!cof_rd_ok(&rd))
		return malformed(err, "the disk is shorter than its length says");
	int r = inflate(stream, &out, err);
	if (r < 0)
		return r;
	*ret_toml = out;
	out = (cof_buf){0};
	return 0;
}
