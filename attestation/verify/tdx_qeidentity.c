/* SPDX-License-Identifier: Apache-2.0 */
/* The quoting enclave's identity. */
#include "attestation/verify/tdx_level.h"
#include "common/json.h"

enum { VERSION = 2 };

void cof_tdx_qe_identity_release(cof_tdx_qe_identity *i)
{
	json_decref(i->text);
	i->text = NULL;
	i->n = 0;
}

static int read_masked(cof_tdx_qe_identity *i, cof_err *err)
{
	const json_t *o = i->text;
	int rc = cof_tdx_json_hex(o, "miscselect", i->miscselect, sizeof i->miscselect, err);
	if (rc == 0)
		rc = cof_tdx_json_hex(o, "miscselectMask", i->miscselect_mask, sizeof i->miscselect_mask, err);
	if (rc == 0)
		rc = cof_tdx_json_hex(o, "attributes", i->attributes, sizeof i->attributes, err);
	return rc < 0 ? rc : cof_tdx_json_hex(o, "attributesMask", i->attributes_mask, sizeof i->attributes_mask, err);
}

static int read_all(cof_tdx_qe_identity *i, cof_err *err)
{
	json_int_t prodid = 0;
	int rc = cof_tdx_json_dates(i->text, &i->dates, err);
	if (rc == 0)
		rc = read_masked(i, err);
	if (rc == 0)
		rc = cof_tdx_json_hex(i->text, "mrsigner", i->mrsigner, sizeof i->mrsigner, err);
	if (rc == 0)
		rc = cof_json_int(i->text, "isvprodid", 0, UINT16_MAX, &prodid, err);
	i->isvprodid = (uint16_t)prodid;
	return rc < 0 ? rc : cof_tdx_json_svn_levels(i->text, i->levels, &i->n, err);
}

/* SGX's own quoting enclave has an identity of the same form and signature: its id is "QE". */
static int check_kind(const json_t *text, cof_err *err)
{
	const char *id = NULL;
	json_int_t version = 0;
	if (cof_json_str(text, "id", &id, NULL) < 0 || strcmp(id, "TD_QE") != 0)
		return cof_err_set(err, COF_E_MALFORMED, "qe-identity-id", "identity of '%.16s', not of TD_QE",
				   id == NULL ? "" : id);
	if (cof_json_int(text, "version", VERSION, VERSION, &version, NULL) < 0)
		return cof_err_set(err, COF_E_MALFORMED, "qe-identity-version", "QE identity is not of version %d",
				   VERSION);
	return 0;
}

int cof_tdx_qe_identity_parse(cof_span text, cof_tdx_qe_identity *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_qe_identity) i = {0};
	cof_err why = {0};
	int rc = cof_json_parse(text, &i.text, &why);
	if (rc == 0) {
		rc = check_kind(i.text, err);
		if (rc < 0)
			return rc;
		rc = read_all(&i, &why);
	}
	if (rc < 0)
		return cof_err_set(err, COF_E_MALFORMED, "qe-identity-format", "QE identity: %s", why.text);
	*ret = i;
	i = (cof_tdx_qe_identity){0};
	return 0;
}
