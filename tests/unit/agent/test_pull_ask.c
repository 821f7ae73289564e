/* SPDX-License-Identifier: Apache-2.0 */
/* What a pull asks for at its beginning: the fetcher for an image, the keeper for what is the owner's own. */
#include "agent/pull_state.h"
#include "tests/unit/agent/pull_rig.h"

static void ports_of_places(void **state)
{
	static const struct {
		const char *reference, *proxy, *second, *third;
	} cases[] = {
		{"r.test/a@" PIN, NULL, NULL, NULL},
		{"r.test:5000/a@" PIN, NULL, "5000", NULL},
		{"r.test:443/a", NULL, NULL, NULL},
		{"r.test:/a", NULL, NULL, NULL},
		{"r.test:50x0/a", NULL, NULL, NULL},
		{"r.test:123456789/a", NULL, NULL, NULL},
		{"r.test/a:5000", NULL, NULL, NULL},
		{"", "", NULL, NULL},
		{"a:1", NULL, "1", NULL},
		{"r.test:99999999999999999/a", NULL, NULL, NULL},
		{":80/a", NULL, "80", NULL},
		{"r.test:5000/a", "http://proxy:3128", "5000", "3128"},
		{"r.test/a", "https://proxy:3128/x", "3128", NULL},
		{"r.test:8/a", "proxy:8", "8", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_pull_ports p;
		const char *const want[] = {"443", cases[i].second, cases[i].third, NULL};
		const cof_cdh cdh = {.proxy = TEXT(cases[i].proxy)};
		cof_pull_ports_of(cases[i].reference, &cdh, &p);
		for (size_t k = 0; k < COF_COUNT(want); k++)
			if ((want[k] == NULL) != (p.list[k] == NULL) ||
			    (want[k] != NULL && strcmp(want[k], p.list[k]) != 0))
				fail_msg("%s, %s: %s", cases[i].reference, cases[i].proxy, p.list[k]);
	}
}

static void ports_of_mirrors(void **state)
{
	cof_cdh cdh = {.proxy = TEXT("http://p:1")};
	cof_pull_ports p;
	(void)state;
	for (; cdh.n_mirrors < COF_CDH_MIRRORS_MAX; cdh.n_mirrors++)
		cdh.mirrors[cdh.n_mirrors].url = TEXT("https://m.test");
	cdh.mirrors[1].url = TEXT("https://m.test:5000/hub");
	cdh.mirrors[COF_CDH_MIRRORS_MAX - 1].url = TEXT("https://m.test:6000");
	cof_pull_ports_of("r.test:7000/a", &cdh, &p);
	const char *const want[] = {"443", "7000", "1", "5000", "6000", NULL};
	for (size_t i = 0; want[i] != NULL; i++)
		assert_string_equal(p.list[i], want[i]);
	assert_null(p.list[5]);
}

static void wants_settings(void)
{
	rig_cdh = (cof_cdh){
		.registry_ca = TEXT(""), .credentials_uri = TEXT("kbs:///a/b/c"), .policy_uri = TEXT("kbs:///a/b/d")};
}

static void wants_none(void)
{
	rig_cdh = (cof_cdh){.registry_ca = TEXT("")};
}

static void settings_reach_the_fetcher(void **state)
{
	bed b;
	(void)state;
	wants_settings();
	setup(&b);
	trusting(&b);
	start(&b, "settings yes");
	assert_layers(&b, 0);
	teardown(&b);
	wants_none();
}

/*
 * T-39, T-42: the owner asked for them, so a pull without them fails, with the keeper's reason and not with that of the
 * fetcher, which only saw an empty pipe; and a fetcher that goes on without them, or does not even look, gets nowhere.
 */
static void t039_t042_no_settings_no_pull(void **state)
{
	static const char *const how[] = {"settings no logins", "settings no signers", "settings no logins ignored",
					  "settings no signers ignored"};
	(void)state;
	wants_settings();
	for (size_t i = 0; i < COF_COUNT(how); i++)
		assert_pull_fails(how[i], "resource-absent", true);
	assert_pull_fails("settings yes then missing", "settings-missing", true);
	wants_none();
}

/* T-39: the image was there before the keeper's word about the policy: no layer begins. */
static void t039_nothing_begins_before_the_keepers_word(void **state)
{
	bed b;
	(void)state;
	wants_settings();
	setup(&b);
	trusting(&b);
	start(&b, "settings unread");
	while (b.pull->layers == NULL)
		(void)event_base_loop(b.r.base, EVLOOP_ONCE);
	assert_true(b.pull->settings > 0);
	assert_int_equal(b.pull->next, 0);
	assert_layers(&b, 0);
	teardown(&b);
	wants_none();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_places),
		cmocka_unit_test(ports_of_mirrors),
		cmocka_unit_test(settings_reach_the_fetcher),
		cmocka_unit_test(t039_t042_no_settings_no_pull),
		cmocka_unit_test(t039_nothing_begins_before_the_keepers_word),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
