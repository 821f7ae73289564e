/* SPDX-License-Identifier: Apache-2.0 */
/* spec: RFC 4880 5.2.4 (what signatures over keys cover), 11.1 (order of packets) */
#include "image-decrypt/sigpgp_ring.h"

#define ARMOUR "PUBLIC KEY BLOCK"

enum { INPUTS_MAX = 64 };

void cof_pgp_ring_free(cof_pgp_ring *r)
{
	for (size_t i = 0; i < r->n; i++)
		cof_pgp_key_release(&r->entries[i].key);
	for (size_t i = 0; i < r->n_inputs; i++)
		cof_buf_release(&r->inputs[i]);
	free(r->entries);
	free(r->inputs);
	free(r);
}

int cof_pgp_ring_new(cof_pgp_ring **ret, cof_err *err)
{
	*ret = calloc(1, sizeof **ret);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

static int unusable(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "signature-key", "OpenPGP keyring: %s", what);
}

/* Where in a certificate the reader is: what a signature that comes next is over. */
typedef enum where { AT_NOTHING, AT_PRIMARY, AT_USER, AT_SUBKEY } where;

typedef struct reader {
	cof_pgp_ring *ring;
	where at;
	size_t primary, subkey; /* places in the ring */
	cof_span user;
	/* The user id's newest certification, taken once no revocation of it followed. */
	cof_pgp_sig user_sig;
	bool user_bound, user_revoked;
} reader;

/* A key or a user id, as it goes into the digest. */
typedef struct prefix {
	uint8_t bytes[5];
	size_t len;
} prefix;

static prefix key_prefix(cof_span body)
{
	return (prefix){{0x99, (uint8_t)(body.len >> 8), (uint8_t)body.len}, 3};
}

static prefix user_prefix(cof_span id)
{
	return (prefix){
		{0xb4, (uint8_t)(id.len >> 24), (uint8_t)(id.len >> 16), (uint8_t)(id.len >> 8), (uint8_t)id.len}, 5};
}

/* A signature by signer over the primary key, and over a subkey or a user id behind it. */
static bool good(const cof_pgp_sig *s, const cof_pgp_key *signer, const cof_pgp_key *primary, prefix second,
		 cof_span second_body)
{
	prefix first = key_prefix(primary->body);
	const cof_span parts[] = {
		cof_span_of(first.bytes, first.len),
		primary->body,
		cof_span_of(second.bytes, second.len),
		second_body,
	};
	return cof_pgp_sig_names(s, signer) && cof_pgp_sig_verify(s, signer, parts, second.len > 0 ? 4 : 2);
}

static int64_t end_of(uint32_t from, uint32_t lifetime)
{
	return lifetime == 0 ? 0 : (int64_t)from + lifetime;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The newest binding counts. Without flags a primary key may sign (RFC 4880 5.2.3.21 leaves it open, and keys older
 * than flags are like that); a subkey may not. */
static void bind(cof_pgp_entry *e, const cof_pgp_sig *s, bool without_flags)
{
	if (e->bound && s->created < e->bound_at)
		return;
	e->bound = true;
	e->bound_at = s->created;
	e->may_sign = s->has_flags ? (s->flags & COF_PGP_FLAG_SIGN) != 0 : without_flags;
	e->until = sooner(end_of(e->key.created, s->key_lifetime), end_of(s->created, s->lifetime));
}

/* --- signatures by what they are over --- */

static void over_primary(reader *r, const cof_pgp_sig *s)
{
	cof_pgp_entry *e = &r->ring->entries[r->primary];
	/* Not verified: a revocation by somebody whom the key appointed cannot be, and is meant all the same. */
	if (s->type == COF_PGP_SIG_KEY_REVOKED)
		e->revoked = true;
	else if (s->type == COF_PGP_SIG_KEY && good(s, &e->key, &e->key, (prefix){0}, (cof_span){0}))
		bind(e, s, true);
}

static void over_user(reader *r, const cof_pgp_sig *s)
{
	const cof_pgp_key *k = &r->ring->entries[r->primary].key;
	bool certifies = s->type >= COF_PGP_SIG_CERTIFY_FIRST && s->type <= COF_PGP_SIG_CERTIFY_LAST;
	if ((!certifies && s->type != COF_PGP_SIG_USER_REVOKED) || !good(s, k, k, user_prefix(r->user), r->user))
		return;
	if (!certifies)
		r->user_revoked = true;
	else if (!r->user_bound || s->created >= r->user_sig.created) {
		r->user_bound = true;
		r->user_sig = *s;
	}
}

/* A subkey that signs must sign back, or a stranger could present another's signatures as his own. */
static bool signs_back(const cof_pgp_sig *s, const cof_pgp_key *primary, const cof_pgp_key *sub)
{
	cof_pgp_sig back = {0};
	return cof_pgp_sig_read(s->embedded, &back) && back.type == COF_PGP_SIG_BACK &&
	       good(&back, sub, primary, key_prefix(sub->body), sub->body);
}

static void over_subkey(reader *r, const cof_pgp_sig *s)
{
	const cof_pgp_key *primary = &r->ring->entries[r->primary].key;
	cof_pgp_entry *e = &r->ring->entries[r->subkey];
	if (s->type == COF_PGP_SIG_SUBKEY_REVOKED)
		e->revoked = true;
	if (s->type != COF_PGP_SIG_SUBKEY || !good(s, primary, primary, key_prefix(e->key.body), e->key.body))
		return;
	cof_pgp_sig seen = *s;
	if (!signs_back(s, primary, &e->key))
		seen.flags &= (uint8_t)~COF_PGP_FLAG_SIGN;
	bind(e, &seen, false);
}

static void take_signature(reader *r, cof_span body)
{
	cof_pgp_sig s = {0};
	if (!cof_pgp_sig_read(body, &s))
		return; /* of another version or with parts unknown to us: it binds nothing */
	if (r->at == AT_PRIMARY)
		over_primary(r, &s);
	else if (r->at == AT_USER)
		over_user(r, &s);
	else if (r->at == AT_SUBKEY)
		over_subkey(r, &s);
}

/* --- packets --- */

static void end_user(reader *r)
{
	if (r->user_bound && !r->user_revoked)
		bind(&r->ring->entries[r->primary], &r->user_sig, true);
	r->user_bound = r->user_revoked = false;
}

/* at becomes AT_NOTHING for a key of an algorithm that is not ours, so that what follows is passed over. */
static int take_key(reader *r, cof_span body, where at, cof_err *err)
{
	cof_pgp_ring *ring = r->ring;
	COF_AUTO(cof_pgp_key) key = {0};
	cof_pgp_key_kind kind = cof_pgp_key_read(body, &key);
	r->at = kind == COF_PGP_KEY_OURS ? at : AT_NOTHING;
	if (kind == COF_PGP_KEY_DAMAGED)
		return unusable(err, "a damaged key");
	if (kind == COF_PGP_KEY_OTHER)
		return 0;
	if (ring->n == COF_PGP_KEYS_MAX)
		return unusable(err, "more than 1024 keys");
	cof_pgp_entry *grown = reallocarray(ring->entries, ring->n + 1, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	ring->entries = grown;
	if (at == AT_PRIMARY)
		r->primary = ring->n;
	r->subkey = ring->n;
	grown[ring->n++] = (cof_pgp_entry){.key = key, .primary = r->primary};
	key = (cof_pgp_key){0};
	return 0;
}

static int take_subkey(reader *r, cof_span body, bool has_primary, cof_err *err)
{
	return has_primary ? take_key(r, body, AT_SUBKEY, err) : 0;
}

static int take_packet(reader *r, const cof_pgp_packet *p, bool *has_primary, cof_err *err)
{
	int rc = 0;
	if (p->tag != COF_PGP_TAG_SIGNATURE && p->tag != COF_PGP_TAG_TRUST && *has_primary)
		end_user(r);
	switch (p->tag) {
	case COF_PGP_TAG_PUBLIC_KEY:
		rc = take_key(r, p->body, AT_PRIMARY, err);
		*has_primary = r->at == AT_PRIMARY;
		return rc;
	case COF_PGP_TAG_PUBLIC_SUBKEY:
		return take_subkey(r, p->body, *has_primary, err);
	case COF_PGP_TAG_USER_ID:
		r->user = p->body;
		r->at = *has_primary ? AT_USER : AT_NOTHING;
		return 0;
	case COF_PGP_TAG_SIGNATURE:
		take_signature(r, p->body);
		return 0;
	case COF_PGP_TAG_USER_ATTRIBUTE:
		r->at = AT_NOTHING;
		return 0;
	case COF_PGP_TAG_TRUST:
		return 0;
	case COF_PGP_TAG_SECRET_KEY:
	case COF_PGP_TAG_SECRET_SUBKEY:
		return unusable(err, "it holds a secret key, which no verifier should have");
	default:
		return unusable(err, "a packet that no keyring has");
	}
}

static int read_ring(cof_pgp_ring *ring, cof_span in, cof_err *err)
{
	cof_rd at = cof_rd_of(in);
	reader r = {.ring = ring};
	bool has_primary = false;
	int rc = 0;
	while (rc == 0 && at.left > 0) {
		COF_AUTO(cof_pgp_packet) p = {0};
		if (!cof_pgp_packet_next(&at, &p))
			return unusable(err, "not OpenPGP, or cut off");
		rc = take_packet(&r, &p, &has_primary, err);
	}
	if (rc == 0 && has_primary)
		end_user(&r);
	return rc;
}

/* A copy, or what the armour holds: entries point into it. */
static int keep_input(cof_pgp_ring *r, cof_span in, cof_span *ret, cof_err *err)
{
	if (r->n_inputs == INPUTS_MAX || in.len > COF_PGP_RING_MAX - r->bytes)
		return unusable(err, "more than 64 rings or 4 MiB");
	cof_buf *grown = reallocarray(r->inputs, r->n_inputs + 1, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	r->inputs = grown;
	r->bytes += in.len;
	cof_buf *b = &r->inputs[r->n_inputs++];
	*b = (cof_buf){0};
	if (in.len > 0 && in.data[0] == '-' && !cof_pgp_dearmor(in, ARMOUR, b))
		return unusable(err, "the armour is damaged");
	int rc = b->data == NULL ? cof_buf_add(b, in.data, in.len, err) : 0;
	*ret = cof_buf_span(b);
	return rc;
}

int cof_pgp_ring_add(cof_pgp_ring *r, cof_span in, cof_err *err)
{
	cof_span kept = {0};
	size_t had = r->n;
	int rc = keep_input(r, in, &kept, err);
	if (rc == 0)
		rc = read_ring(r, kept, err);
	if (rc == 0 && r->n == had)
		rc = unusable(err, "no version 4 key of RSA (2048 bits and more), ECDSA or Ed25519");
	return rc;
}
