/* SPDX-License-Identifier: Apache-2.0 */
/* Media types that we know. */
#include "common/rd.h"
#include "image-decrypt/manifest.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

#define TAR OCI "layer.v1.tar"
#define FOREIGN_TAR OCI "layer.nondistributable.v1.tar"
#define DIFF DOCKER "image.rootfs.diff.tar"
#define FOREIGN_DIFF DOCKER "image.rootfs.foreign.diff.tar"
#define ENC "+encrypted"

static const cof_media medias[] = {
	{OCI "index.v1+json", COF_MEDIA_INDEX, COF_COMP_NONE, false, NULL},
	{OCI "manifest.v1+json", COF_MEDIA_MANIFEST, COF_COMP_NONE, false, NULL},
	{OCI "config.v1+json", COF_MEDIA_CONFIG, COF_COMP_NONE, false, NULL},
	{TAR, COF_MEDIA_LAYER, COF_COMP_NONE, false, TAR ENC},
	{TAR "+gzip", COF_MEDIA_LAYER, COF_COMP_GZIP, false, TAR "+gzip" ENC},
	{TAR "+zstd", COF_MEDIA_LAYER, COF_COMP_ZSTD, false, TAR "+zstd" ENC},
	{TAR ENC, COF_MEDIA_LAYER, COF_COMP_NONE, true, NULL},
	{TAR "+gzip" ENC, COF_MEDIA_LAYER, COF_COMP_GZIP, true, NULL},
	{TAR "+zstd" ENC, COF_MEDIA_LAYER, COF_COMP_ZSTD, true, NULL},
	{FOREIGN_TAR, COF_MEDIA_LAYER, COF_COMP_NONE, false, FOREIGN_TAR ENC},
	{FOREIGN_TAR "+gzip", COF_MEDIA_LAYER, COF_COMP_GZIP, false, FOREIGN_TAR "+gzip" ENC},
	{FOREIGN_TAR "+zstd", COF_MEDIA_LAYER, COF_COMP_ZSTD, false, FOREIGN_TAR "+zstd" ENC},
	{FOREIGN_TAR ENC, COF_MEDIA_LAYER, COF_COMP_NONE, true, NULL},
	{FOREIGN_TAR "+gzip" ENC, COF_MEDIA_LAYER, COF_COMP_GZIP, true, NULL},
	{FOREIGN_TAR "+zstd" ENC, COF_MEDIA_LAYER, COF_COMP_ZSTD, true, NULL},
	{DOCKER "distribution.manifest.list.v2+json", COF_MEDIA_INDEX, COF_COMP_NONE, false, NULL},
	{DOCKER "distribution.manifest.v2+json", COF_MEDIA_MANIFEST, COF_COMP_NONE, false, NULL},
	{DOCKER "container.image.v1+json", COF_MEDIA_CONFIG, COF_COMP_NONE, false, NULL},
	{DIFF, COF_MEDIA_LAYER, COF_COMP_NONE, false, TAR ENC},
	{DIFF ".gzip", COF_MEDIA_LAYER, COF_COMP_GZIP, false, TAR "+gzip" ENC},
	{DIFF ".zstd", COF_MEDIA_LAYER, COF_COMP_ZSTD, false, TAR "+zstd" ENC},
	{FOREIGN_DIFF ".gzip", COF_MEDIA_LAYER, COF_COMP_GZIP, false, FOREIGN_TAR "+gzip" ENC},
};

/* spec: RFC 1952 2.3.1, RFC 8878 3.1.1 */
cof_compression cof_compression_of(cof_span head)
{
	cof_rd r = cof_rd_of(head);
	uint32_t magic = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r))
		return COF_COMP_NONE;
	if ((magic & 0xffff) == 0x8b1f)
		return COF_COMP_GZIP;
	return magic == 0xfd2fb528 ? COF_COMP_ZSTD : COF_COMP_NONE;
}

const cof_media *cof_media_find(const char *name)
{
	for (size_t i = 0; i < COF_COUNT(medias); i++)
		if (strcmp(medias[i].name, name) == 0)
			return &medias[i];
	return NULL;
}
