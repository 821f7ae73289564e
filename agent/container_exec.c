/* SPDX-License-Identifier: Apache-2.0 */
/* ExecProcess: another process in the container, with the container's own surroundings. */
#include <signal.h>

#include "agent/container.h"
#include "agent/reply.h"
#include "common/file.h"

/* One start of an exec, until crun has come back. */
typedef struct start {
	cof_container *container;
	cof_process *process;
	char *pid_file, *spec_file, *log;
	cof_ttrpc_call *call;
} start;

static void start_free(start *s)
{
	if (s->process != NULL)
		cof_process_free(s->process);
	if (s->spec_file != NULL)
		(void)unlink(s->spec_file);
	if (s->pid_file != NULL)
		(void)unlink(s->pid_file);
	free(s->pid_file);
	free(s->spec_file);
	free(s->log);
	free(s);
}

/* crun is done with it. */
static void leave(const start *s)
{
	cof_container *c = s->container;
	for (size_t i = 0; i < c->spawning; i++) {
		if (c->spawns[i] == s->process->id) {
			c->spawns[i] = c->spawns[--c->spawning];
			return;
		}
	}
}

static int take_in(start *s, cof_err *err)
{
	cof_container *c = s->container;
	int r = cof_process_adopt(s->process, s->pid_file, err);
	if (r == 0)
		c->execs[c->n_execs++] = cof_steal(&s->process);
	return r;
}

static void on_exec(void *arg, const cof_err *why)
{
	start *s = arg;
	cof_err err = {0};
	leave(s);
	cof_process_close_theirs(s->process);
	int r = 0;
	if (!cof_container_back(s->container) || s->container->life == COF_LIFE_REMOVING)
		r = cof_err_set(&err, COF_E_UNAVAILABLE, "cancelled", "the container was removed");
	else if (why != NULL)
		r = cof_err_set(&err, why->cls, why->reason, "%s", why->text);
	else
		r = take_in(s, &err);
	if (r < 0)
		cof_reply_err(s->call, &err);
	else
		cof_reply(s->call, NULL);
	start_free(s);
}

static bool is_used(const cof_container *c, const char *id)
{
	for (size_t i = 0; i < c->n_execs; i++)
		if (strcmp(c->execs[i]->id, id) == 0)
			return true;
	for (size_t i = 0; i < c->spawning; i++)
		if (strcmp(c->spawns[i], id) == 0)
			return true;
	return false;
}

/* Out of the list before it goes: its last answers may end a connection, and that looks for calls in all of the list.
 */
static void drop_exec(cof_container *c, size_t i)
{
	cof_process *p = c->execs[i];
	c->execs[i] = c->execs[--c->n_execs];
	cof_process_free(p);
}

/* An id lives as long as its container; only ends that nobody can ask for any more make room. */
static int make_room(cof_container *c, const char *id, cof_err *err)
{
	if (is_used(c, id))
		return cof_err_set(err, COF_E_USAGE, "bad-id", "exec_id: in use");
	for (size_t i = 0; i < c->n_execs && c->n_execs + c->spawning >= COF_EXECS_MAX; i++)
		if (c->execs[i]->exited)
			drop_exec(c, i);
	if (c->n_execs + c->spawning >= COF_EXECS_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-calls", "%d processes already", COF_EXECS_MAX);
	return 0;
}

static int prepare(start *s, const char *id, char *const *argv, size_t n, cof_err *err)
{
	cof_container *c = s->container;
	const char *run = c->agent->places.run;
	COF_AUTO(cof_buf) text = {0};
	cof_spec_in in = cof_container_spec(c);
	int r = cof_path(&s->pid_file, err, "%s/exec-%s.pid", run, id);
	if (r == 0)
		r = cof_path(&s->spec_file, err, "%s/exec-%s.json", run, id);
	if (r == 0)
		r = cof_path(&s->log, err, "%s/exec-%s.log", run, id);
	if (r == 0)
		r = cof_spec_exec(&in, argv, n, &text, err);
	if (r == 0)
		r = cof_file_write(s->spec_file, cof_buf_span(&text), 0600, err);
	return r < 0 ? r : cof_process_new(&s->process, c->agent->base, c->agent->children, id, err);
}

static int run_exec(start *s, cof_err *err)
{
	const char *const args[] = {"exec",	  "--detach",  "--process",	 s->spec_file,
				    "--pid-file", s->pid_file, s->container->id, NULL};
	cof_crun_cmd cmd = {.args = args,
			    .log = s->log,
			    .in = s->process->theirs[0],
			    .out = s->process->theirs[1],
			    .err = s->process->theirs[2],
			    .done = on_exec,
			    .arg = s};
	return cof_crun_run(&s->container->agent->crun, &cmd, err);
}

static int begin(cof_container *c, const char *id, char *const *argv, size_t n, cof_ttrpc_call *call, cof_err *err)
{
	int r = cof_container_must_be(c, COF_LIFE_RUNNING, err);
	if (r == 0)
		r = make_room(c, id, err);
	if (r < 0)
		return r;
	start *s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	s->container = c;
	s->call = call;
	r = prepare(s, id, argv, n, err);
	if (r == 0)
		r = run_exec(s, err);
	if (r < 0)
		start_free(s);
	if (r == 0) {
		c->spawns[c->spawning++] = s->process->id;
		c->runs++;
	}
	return r;
}

void cof_container_exec(cof_container *c, const char *id, char *const *argv, size_t n, cof_ttrpc_call *call)
{
	cof_err err = {0};
	if (begin(c, id, argv, n, call, &err) < 0)
		cof_reply_err(call, &err);
}
