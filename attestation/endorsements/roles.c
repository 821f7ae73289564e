/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/roles.h"

#include "attestation/verify/snp_certs.h"

/* NULL: it is given to nobody. */
static const struct {
	const char *body, *chain;
} roles[COF_ENDORSE_TYPES] = {
	[COF_ENDORSE_SNP_CHAIN] = {"intermediate", "root"},
	[COF_ENDORSE_SNP_CRL] = {"crl", NULL},
	[COF_ENDORSE_SNP_VCEK] = {"vek", NULL},
	[COF_ENDORSE_TDX_QE_IDENTITY] = {"qe_identity", NULL},
	[COF_ENDORSE_TDX_TCB_INFO] = {"tcb_info", "tcb_signing_chain"},
	[COF_ENDORSE_TDX_PCK_CRL] = {"pck_crl", NULL},
	[COF_ENDORSE_TDX_ROOT_CRL] = {"root_crl", NULL},
};

void cof_endorse_files_release(cof_endorse_files *f)
{
	for (size_t i = 0; i < f->n_e; i++)
		cof_endorsement_release(&f->e[i]);
	*f = (cof_endorse_files){0};
}

static bool is_given(const cof_endorse_files_in *in, const char *role)
{
	for (size_t i = 0; role != NULL && i < in->n_given; i++) {
		if (strcmp(in->given[i].role, role) == 0)
			return true;
	}
	return role == NULL;
}

static void add(const cof_endorse_files_in *in, const char *role, const cof_buf *bytes, cof_endorse_files *f)
{
	if (!is_given(in, role))
		f->file[f->n++] = (cof_role_file){role, cof_buf_span(bytes)};
}

static int refuse(cof_checks *c, const char *reason, const char *want, const char *found)
{
	(void)cof_check_text(c, COF_STAGE_COLLATERAL, reason, false, want, found);
	return 0;
}

static bool is_machine(const cof_err *err)
{
	return err->cls == COF_E_IO || err->cls == COF_E_INTERNAL;
}

static int load_one(const cof_endorse_files_in *in, const cof_endorse_id *id, cof_checks *c, cof_endorse_files *f,
		    cof_err *err)
{
	const char *body = roles[id->type].body, *chain = roles[id->type].chain;
	cof_endorsement *e = &f->e[f->n_e];
	cof_err why = {0};
	char name[COF_ENDORSE_NAME_MAX];
	if (is_given(in, body) && is_given(in, chain))
		return 0;
	cof_endorse_name(id, name);
	if (cof_ecache_load(in->store, id, e, &why) < 0)
		return is_machine(&why) ? cof_err_set(err, why.cls, why.reason, "%s", why.text)
					: refuse(c, why.reason, name, why.text);
	f->n_e++;
	if (id->type == COF_ENDORSE_SNP_CHAIN && !is_given(in, chain) && !cof_snp_root_is_amd(cof_buf_span(&e->chain)))
		return refuse(c, "endorsement-root", "AMD's, or one that is named by hand", name);
	add(in, body, &e->body, f);
	add(in, chain, &e->chain, f);
	return 0;
}

/* A VLEK is its provider's to give: no service has it for us. */
static bool lacks_vlek(const cof_endorse_files_in *in)
{
	const cof_endorse_id *first = &in->wants->id[0];
	return in->wants->n > 0 && cof_endorse_is_snp(first->type) && first->key == COF_SNP_VLEK &&
	       !is_given(in, "vek");
}

bool cof_endorse_files_needed(const cof_endorse_files_in *in)
{
	for (size_t i = 0; i < in->wants->n; i++) {
		cof_endorse_type t = in->wants->id[i].type;
		if (!is_given(in, roles[t].body) || !is_given(in, roles[t].chain))
			return true;
	}
	return lacks_vlek(in);
}

int cof_endorse_files_load(const cof_endorse_files_in *in, cof_checks *checks, cof_endorse_files *ret, cof_err *err)
{
	COF_AUTO(cof_endorse_files) f = {0};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < in->wants->n; i++)
		rc = load_one(in, &in->wants->id[i], checks, &f, err);
	if (rc < 0)
		return rc;
	if (lacks_vlek(in))
		(void)refuse(checks, "endorsement-none", "the VLEK, from whoever runs the machine", "none was given");
	*ret = f;
	f = (cof_endorse_files){0};
	return 0;
}
