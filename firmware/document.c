/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/document.h"

#include "common/secret.h"
#include "firmware/ovmf.h"
#include "firmware/sev/sev.h"

void cof_launch_document_release(cof_launch_document *d)
{
	free(d->cmdline);
	*d = (cof_launch_document){0};
}

typedef struct known_image {
	uint8_t sha256[COF_SHA256_LEN];
	unsigned release;
} known_image;

/* Debian's images: OVMF.fd of ovmf 2025.02-8+deb13u1 and 2026.08+ds-2, OVMF.amdsev.fd and OVMF.inteltdx.fd of the
 * latter. */
static const known_image known_images[] = {
	{{0x14, 0x95, 0x40, 0x40, 0xcc, 0x75, 0x4a, 0xde, 0x0c, 0x62, 0x5a, 0xc3, 0x47, 0x0e, 0xa4, 0x6d,
	  0x4c, 0x14, 0x31, 0x8b, 0x5b, 0x13, 0x96, 0xde, 0x4e, 0xf7, 0x70, 0x90, 0x20, 0x3d, 0x76, 0xdb},
	 202502},
	{{0x6a, 0x3e, 0x8f, 0x43, 0x8a, 0xd7, 0x26, 0x9f, 0x5d, 0xfd, 0x88, 0x46, 0x47, 0x58, 0x7b, 0x88,
	  0x39, 0x1f, 0xb2, 0x39, 0x65, 0xbb, 0x3a, 0xa7, 0x90, 0x2b, 0x51, 0x94, 0x38, 0xdb, 0xa1, 0x29},
	 202608},
	{{0x3e, 0x4f, 0xd0, 0xb3, 0xfe, 0x3b, 0x2d, 0xbe, 0x48, 0x1c, 0x3d, 0x9e, 0x99, 0x41, 0x8a, 0x03,
	  0x41, 0x74, 0xf2, 0x6c, 0xbe, 0x1f, 0x55, 0xaa, 0x21, 0x2b, 0x0f, 0x18, 0xc1, 0x2d, 0x2d, 0x6f},
	 202608},
	{{0xa2, 0x65, 0x07, 0x5b, 0x41, 0x47, 0xa0, 0x96, 0x10, 0x9e, 0x50, 0x1e, 0x76, 0x19, 0x6d, 0xf1,
	  0xec, 0x8a, 0x18, 0x65, 0x9c, 0x26, 0xf7, 0x40, 0x14, 0x92, 0xc5, 0x97, 0xec, 0x88, 0xf3, 0x12},
	 202608},
};

unsigned cof_firmware_release(const uint8_t sha256[COF_SHA256_LEN])
{
	for (size_t i = 0; i < COF_COUNT(known_images); i++) {
		if (cof_ct_equal(cof_span_of(known_images[i].sha256, COF_SHA256_LEN),
				 cof_span_of(sha256, COF_SHA256_LEN)))
			return known_images[i].release;
	}
	return 0;
}

static int fill_sev(cof_span image, unsigned parts, cof_launch_sev *ret, cof_err *err)
{
	int rc = cof_sev_metadata_parse(image, &ret->meta, &ret->why);
	ret->given = rc == 0 && (ret->meta.n > 0 || ret->meta.reset_eip != 0 || ret->meta.hash_table_gpa != 0);
	if (!ret->given || (parts & COF_PART_SEV) == 0)
		return 0;
	return cof_snp_ovmf_hash(image, ret->ovmf_hash, err);
}

static int fill_cfv(cof_span image, cof_launch_tdx *ret, cof_err *err)
{
	const cof_tdvf_section *s = cof_tdvf_cfv(&ret->tdvf);
	cof_digest d;
	if (s == NULL)
		return 0;
	cof_span cfv = cof_tdvf_data(image, s);
	/* A store of another make counts as one whose variables nobody knows. */
	if (cof_varstore_is_empty(cfv, &ret->vars_empty, NULL) < 0)
		ret->vars_empty = false;
	int rc = cof_digest_of(COF_SHA384, cfv, &d, err);
	if (rc == 0)
		memcpy(ret->cfv, d.bytes, COF_SHA384_LEN);
	return rc;
}

static int fill_tdx(cof_span image, unsigned parts, cof_launch_tdx *ret, cof_err *err)
{
	int rc = 0;
	ret->given = cof_tdvf_parse(image, &ret->tdvf, &ret->why) == 0;
	if (!ret->given || (parts & (COF_PART_TDX | COF_PART_TDX_SECTION)) == 0)
		return 0;
	if ((parts & COF_PART_TDX) != 0)
		rc = cof_tdx_mrtd(image, &ret->tdvf, COF_MRTD_PAGE, ret->mrtd[COF_MRTD_PAGE], err);
	if (rc == 0 && (parts & COF_PART_TDX_SECTION) != 0)
		rc = cof_tdx_mrtd(image, &ret->tdvf, COF_MRTD_SECTION, ret->mrtd[COF_MRTD_SECTION], err);
	return rc < 0 ? rc : fill_cfv(image, ret, err);
}

int cof_launch_firmware(cof_span image, unsigned parts, cof_launch_document *ret, cof_err *err)
{
	cof_launch_sev sev = {0};
	cof_launch_tdx tdx = {0};
	uint8_t sha256[COF_SHA256_LEN] = {0};
	int rc = 0;
	if (image.len > COF_FIRMWARE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-too-large", "%zu bytes", image.len);
	if ((parts & COF_PART_DIGEST) != 0)
		rc = cof_sha256(image, sha256, err);
	if (rc == 0)
		rc = fill_sev(image, parts, &sev, err);
	if (rc == 0)
		rc = fill_tdx(image, parts, &tdx, err);
	if (rc < 0)
		return rc;
	memcpy(ret->firmware_sha256, sha256, sizeof sha256);
	ret->firmware_size = image.len;
	ret->release = cof_firmware_release(sha256);
	ret->sev = sev;
	ret->tdx = tdx;
	return 0;
}
