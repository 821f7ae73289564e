/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "common/file.h"

struct cof_store {
	sqlite3 *db;
};

typedef struct stmt {
	sqlite3_stmt *p;
} stmt;

static void stmt_release(stmt *s)
{
	(void)sqlite3_finalize(s->p); /* repeats the failure that step already reported */
	s->p = NULL;
}
COF_DEFINE_AUTO(stmt, stmt_release)

static const char schema[] = "CREATE TABLE item(kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,"
			     "  PRIMARY KEY(kind, name)) WITHOUT ROWID;"
			     "CREATE TABLE audit(seq INTEGER PRIMARY KEY, line BLOB NOT NULL);"
			     "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
			     "  BEGIN SELECT RAISE(ABORT, 'audit lines are final'); END;"
			     "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
			     "  BEGIN SELECT RAISE(ABORT, 'audit lines are final'); END;"
			     "PRAGMA user_version = 1;";

/* FULL: a commit that was answered survives power loss. secure_delete: removed keys do not stay in free pages. */
static const char pragmas[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			      "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;";

static int db_fail(cof_store *s, cof_err *err, const char *what)
{
	int code = sqlite3_errcode(s->db);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return cof_err_set(err, COF_E_UNAVAILABLE, "store-busy", "another process has the store open");
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return cof_err_set(err, COF_E_MALFORMED, "store-damaged", "%s: %s", what, sqlite3_errmsg(s->db));
	return cof_err_set(err, COF_E_IO, "store-failed", "%s: %s", what, sqlite3_errmsg(s->db));
}

static int run(cof_store *s, const char *sql, cof_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(s, err, "statement");
}

static int prepare(cof_store *s, const char *sql, stmt *ret, cof_err *err)
{
	return sqlite3_prepare_v2(s->db, sql, -1, &ret->p, NULL) == SQLITE_OK ? 0 : db_fail(s, err, "prepare");
}

static cof_span column(stmt *q, int i)
{
	const void *data = sqlite3_column_blob(q->p, i);
	return cof_span_of(data, data != NULL ? (size_t)sqlite3_column_bytes(q->p, i) : 0);
}

/* Only the owner may look inside: a backup tool's or a colleague's read access is a leak. */
static int check_dir(const char *dir, cof_err *err)
{
	struct stat st;
	if (stat(dir, &st) < 0)
		return cof_err_set(err, COF_E_USAGE, "no-store", "%s", dir);
	if (st.st_uid != geteuid())
		return cof_err_set(err, COF_E_USAGE, "store-owner", "%s belongs to uid %u", dir, st.st_uid);
	if (!S_ISDIR(st.st_mode) || (st.st_mode & 077) != 0)
		return cof_err_set(err, COF_E_USAGE, "store-mode", "%s must be a directory of mode 0700", dir);
	return 0;
}

static int open_db(const char *dir, int flags, cof_store **ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int rc = cof_path(&path, err, "%s/kbs.db", dir);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(cof_store) s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return db_fail(s, err, path);
	rc = run(s, pragmas, err);
	if (rc == 0)
		*ret = cof_steal(&s);
	return rc;
}

/* SQLite makes its files with the mode of the database file, so that is made first. */
static int make_file(const char *dir, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int rc = cof_path(&path, err, "%s/kbs.db", dir);
	if (rc < 0)
		return rc;
	COF_AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return cof_err_set(err, COF_E_USAGE, "store-exists", "%s has a store already", dir);
	return fd < 0 ? cof_err_sys(err, "store-failed", "create %s", path) : 0;
}

int cof_store_create(const char *dir, cof_store **ret, cof_err *err)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return cof_err_sys(err, "store-failed", "mkdir %s", dir);
	int rc = check_dir(dir, err);
	if (rc == 0)
		rc = make_file(dir, err);
	COF_AUTO_PTR(cof_store) s = NULL;
	if (rc == 0)
		rc = open_db(dir, SQLITE_OPEN_READWRITE, &s, err);
	if (rc == 0)
		rc = run(s, schema, err);
	if (rc == 0)
		*ret = cof_steal(&s);
	return rc;
}

static int check_version(cof_store *s, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "PRAGMA user_version", &q, err);
	if (rc < 0)
		return rc;
	if (sqlite3_step(q.p) != SQLITE_ROW || sqlite3_column_int(q.p, 0) != 1)
		return cof_err_set(err, COF_E_MALFORMED, "store-damaged", "not a store of this version");
	return 0;
}

int cof_store_open(const char *dir, cof_store **ret, cof_err *err)
{
	int rc = check_dir(dir, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FREE char *path = NULL;
	rc = cof_path(&path, err, "%s/kbs.db", dir);
	if (rc < 0)
		return rc;
	if (access(path, F_OK) < 0)
		return cof_err_set(err, COF_E_USAGE, "no-store", "%s (make one with coffer-kbs init)", dir);
	COF_AUTO_PTR(cof_store) s = NULL;
	rc = open_db(dir, SQLITE_OPEN_READWRITE, &s, err);
	if (rc == 0)
		rc = check_version(s, err);
	if (rc == 0)
		*ret = cof_steal(&s);
	return rc;
}

void cof_store_free(cof_store *s)
{
	if (s == NULL)
		return;
	(void)sqlite3_close(s->db); /* commits were durable before */
	free(s);
}

int cof_store_begin(cof_store *s, cof_err *err)
{
	return run(s, "BEGIN IMMEDIATE", err);
}

int cof_store_commit(cof_store *s, cof_err *err)
{
	return run(s, "COMMIT", err);
}

void cof_store_rollback(cof_store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was promised */
}

static int bind_key(cof_store *s, stmt *q, const char *kind, const char *name, cof_err *err)
{
	if (name != NULL && (name[0] == '\0' || strlen(name) > COF_STORE_NAME_MAX))
		return cof_err_set(err, COF_E_MALFORMED, "bad-name", "name of a %s", kind);
	if (sqlite3_bind_text(q->p, 1, kind, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_fail(s, err, "bind");
	if (name != NULL && sqlite3_bind_text(q->p, 2, name, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_fail(s, err, "bind");
	return 0;
}

static int done(cof_store *s, stmt *q, cof_err *err)
{
	return sqlite3_step(q->p) == SQLITE_DONE ? 0 : db_fail(s, err, "write");
}

static int bind_blob(cof_store *s, stmt *q, int at, cof_span v, cof_err *err)
{
	if (v.len > COF_STORE_VALUE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "too-large", "a value of %zu bytes", v.len);
	const void *data = v.len > 0 ? (const void *)v.data : "";
	return sqlite3_bind_blob(q->p, at, data, (int)v.len, SQLITE_STATIC) == SQLITE_OK ? 0 : db_fail(s, err, "bind");
}

int cof_store_put(cof_store *s, const char *kind, const char *name, cof_span value, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "INSERT OR REPLACE INTO item(kind, name, value) VALUES(?1, ?2, ?3)", &q, err);
	if (rc == 0)
		rc = bind_key(s, &q, kind, name, err);
	if (rc == 0)
		rc = bind_blob(s, &q, 3, value, err);
	return rc < 0 ? rc : done(s, &q, err);
}

int cof_store_get(cof_store *s, const char *kind, const char *name, cof_secret *ret, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "SELECT value FROM item WHERE kind = ?1 AND name = ?2", &q, err);
	if (rc == 0)
		rc = bind_key(s, &q, kind, name, err);
	if (rc < 0)
		return rc;
	int step = sqlite3_step(q.p);
	if (step == SQLITE_DONE)
		return cof_err_set(err, COF_E_POLICY, "not-found", "no %s of this name", kind);
	return step == SQLITE_ROW ? cof_secret_from(ret, column(&q, 0), err) : db_fail(s, err, "read");
}

int cof_store_del(cof_store *s, const char *kind, const char *name, bool *ret, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "DELETE FROM item WHERE kind = ?1 AND name = ?2", &q, err);
	if (rc == 0)
		rc = bind_key(s, &q, kind, name, err);
	if (rc == 0)
		rc = done(s, &q, err);
	if (rc == 0)
		*ret = sqlite3_changes(s->db) > 0;
	return rc;
}

int cof_store_has(cof_store *s, const char *kind, const char *name, bool *ret, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "SELECT 1 FROM item WHERE kind = ?1 AND name = ?2", &q, err);
	if (rc == 0)
		rc = bind_key(s, &q, kind, name, err);
	if (rc < 0)
		return rc;
	int step = sqlite3_step(q.p);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return db_fail(s, err, "read");
	*ret = step == SQLITE_ROW;
	return 0;
}

int cof_store_each(cof_store *s, const char *kind, cof_store_visit visit, void *arg, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "SELECT name, value FROM item WHERE kind = ?1 ORDER BY name", &q, err);
	if (rc == 0)
		rc = bind_key(s, &q, kind, NULL, err);
	int step = SQLITE_DONE;
	while (rc == 0 && (step = sqlite3_step(q.p)) == SQLITE_ROW)
		rc = visit(arg, (const char *)sqlite3_column_text(q.p, 0), column(&q, 1), err);
	return rc == 0 && step != SQLITE_DONE ? db_fail(s, err, "read") : rc;
}

int cof_store_audit_add(cof_store *s, uint64_t seq, cof_span line, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "INSERT INTO audit(seq, line) VALUES(?1, ?2)", &q, err);
	if (rc == 0 && sqlite3_bind_int64(q.p, 1, (sqlite3_int64)seq) != SQLITE_OK)
		rc = db_fail(s, err, "bind");
	if (rc == 0)
		rc = bind_blob(s, &q, 2, line, err);
	return rc < 0 ? rc : done(s, &q, err);
}

int cof_store_audit_each(cof_store *s, uint64_t from, uint64_t n, cof_store_line visit, void *arg, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "SELECT seq, line FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT ?2", &q, err);
	if (rc < 0)
		return rc;
	if (from > INT64_MAX || n > INT64_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "bad-range", "audit range");
	if (sqlite3_bind_int64(q.p, 1, (sqlite3_int64)from) != SQLITE_OK ||
	    sqlite3_bind_int64(q.p, 2, (sqlite3_int64)n) != SQLITE_OK)
		return db_fail(s, err, "bind");
	int step = SQLITE_DONE;
	while (rc == 0 && (step = sqlite3_step(q.p)) == SQLITE_ROW)
		rc = visit(arg, (uint64_t)sqlite3_column_int64(q.p, 0), column(&q, 1), err);
	return rc == 0 && step != SQLITE_DONE ? db_fail(s, err, "read") : rc;
}

int cof_store_audit_last(cof_store *s, uint64_t *ret, cof_err *err)
{
	COF_AUTO(stmt) q = {0};
	int rc = prepare(s, "SELECT ifnull(max(seq), 0) FROM audit", &q, err);
	if (rc < 0)
		return rc;
	if (sqlite3_step(q.p) != SQLITE_ROW)
		return db_fail(s, err, "read");
	*ret = (uint64_t)sqlite3_column_int64(q.p, 0);
	return 0;
}
