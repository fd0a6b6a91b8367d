/* The sub-commands. */
#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "base/log.h"
#include "config.h"
#include "db/database.h"
#include "db/migrate.h"
#include "db/rotation.h"
#include "installation.h"
#include "master_key.h"
#include "master_rotation.h"
#include "middleware/cache.h"
#include "middleware/metrics.h"
#include "middleware/rate_limit.h"
#include "middleware/security.h"
#include "routes.h"
#include "search/search.h"
#include "serve.h"
#include "service/service.h"
#include "websockets/reference.h"

#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DOCUMENT_MAX = 16 * 1024 * 1024, PASSWORD_LINE_MAX = 1024, KEY_LINE_MAX = 256 };

/* What a sub-command gets: the settings, and the words that are no settings, ended by NULL. */
struct call {
	const struct config *config;
	const char *const *words;
	struct arena *arena;
};

static int fail(const char *reason)
{
	fprintf(stderr, "webplus: %s\n", reason);
	return EXIT_FAILURE;
}

static int print(void (*fill)(struct buf *out))
{
	struct buf out;
	bool written;

	buf_init(&out, DOCUMENT_MAX);
	fill(&out);
	written = fwrite(out.data, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
	buf_finish(&out);
	return written ? EXIT_SUCCESS : fail("standard output cannot be written");
}

static void fill_openapi(struct buf *out)
{
	openapi_print(route_tables, out);
}

static void fill_cache(struct buf *out)
{
	cache_print_reference(route_tables, out);
}

static void fill_limits(struct buf *out)
{
	rate_limit_print_reference(route_tables, out);
}

static void fill_metrics(struct buf *out)
{
	metrics_print_reference(out);
	metrics_print_rows(search_metrics, out);
}

/* limits, or closes. */
static int run_websockets(const struct call *call)
{
	const char *word = call->words[0] ? call->words[0] : "";

	if (strcmp(word, "limits") == 0)
		return print(websockets_print_limits);
	if (strcmp(word, "closes") == 0)
		return print(websockets_print_closes);
	return fail("websockets takes: limits, or closes");
}

static int run_serve(const struct call *call)
{
	return serve(call->config);
}

static int run_version(const struct call *call)
{
	(void)call;
	puts("webplus " WEBPLUS_VERSION);
	return EXIT_SUCCESS;
}

/* The value behind "--name", or NULL. */
static const char *option(const struct call *call, const char *name)
{
	for (const char *const *word = call->words; *word; word++)
		if (strcmp(*word, name) == 0)
			return word[1];
	return NULL;
}

/* ---- migrate ---- */

static int run_migrate(const struct call *call)
{
	struct db_options options = installation_database(call->config);
	const char *word = call->words[0] ? call->words[0] : "status", *reason;
	char *end = NULL;
	long target = strcmp(word, "down") == 0 && call->words[1] ? strtol(call->words[1], &end, 10)
								  : MIGRATE_LATEST;
	enum err err = installation_make_folder(call->config, call->arena, &reason);

	if (err != ERR_OK)
		return fail(reason);
	if (strcmp(word, "status") == 0)
		err = migrate_status(&options, stdout, call->arena, &reason);
	else if (strcmp(word, "up") == 0 || (end && *end == '\0' && target >= 0 && target < 10000))
		err = installation_migrate(call->config, (int)target, call->arena, &reason);
	else
		return fail("migrate takes: status, up, or down STEP (0 takes everything away)");
	return err == ERR_OK ? EXIT_SUCCESS : fail(reason);
}

/* ---- db copy ---- */

static bool is_database(const char *url)
{
	return url && (strncmp(url, "sqlite:", 7) == 0 || strncmp(url, "postgresql://", 13) == 0 ||
		       strncmp(url, "postgres://", 11) == 0);
}

static int run_db(const struct call *call)
{
	const char *from = option(call, "--from"), *to = option(call, "--to"), *reason;

	if (!call->words[0] || strcmp(call->words[0], "copy") != 0 || !is_database(from) ||
	    !is_database(to))
		return fail("db takes: copy --from URL --to URL, each sqlite:PATH or "
			    "postgresql://user:password@host/name");
	if (installation_copy(call->config, from, to, call->arena, &reason) != ERR_OK)
		return fail(reason);
	return EXIT_SUCCESS;
}

/* ---- keys rotate ---- */

static enum err tell_audit(struct app *app, enum audit_outcome outcome, const char *detail)
{
	const struct audit_entry entry = { .action = AUDIT_DATA_KEY_ROTATE,
					   .outcome = outcome,
					   .object_kind = "data_key",
					   .detail = detail };

	return audit_write(app, &entry);
}

static int rotate(struct app *app, struct arena *arena)
{
	struct rotation_options options = { .statements = statement_lists,
					    .learn_ms = ROTATION_LEARN_MS,
					    .out = stdout };
	struct rotation_result result;
	enum err err = tell_audit(app, AUDIT_DONE, "begins");

	if (err == ERR_OK)
		err = keys_rotate(app->db, &options, &result);
	if (err == ERR_OK)
		err = tell_audit(app, result.damaged == 0 ? AUDIT_DONE : AUDIT_REFUSED,
				 arena_printf(arena, "ends: key %u, %lld values, %lld damaged",
					      (unsigned)result.key_number, (long long)result.sealed,
					      (long long)result.damaged));
	if (err == ERR_CONFLICT)
		return fail("a server keeps sealing under an old key: is one of an older version "
			    "running? Nothing is lost; run it again when that was ended.");
	if (err != ERR_OK)
		return fail("the database does not answer as it should. Nothing is lost; run it "
			    "again to go on.");
	if (result.overtaken)
		printf("Others have ended the rotation to key %u and begun the next: %lld values were "
		       "sealed anew here.\n",
		       (unsigned)result.key_number, (long long)result.sealed);
	else
		printf("Key %u seals everything: %lld values were sealed anew.\n",
		       (unsigned)result.key_number, (long long)result.sealed);
	if (result.damaged == 0)
		return EXIT_SUCCESS;
	printf("%lld values do not open and were left as they are; the log names them.\n",
	       (long long)result.damaged);
	return EXIT_FAILURE;
}

static int rotate_data_key(const struct call *call)
{
	struct app app = { .config = call->config };
	const char *reason;
	int status;

	if (installation_open(&app, INSTALLATION_BESIDE, call->arena, &reason) != ERR_OK)
		return fail(reason);
	status = rotate(&app, call->arena);
	installation_close(&app);
	return status;
}

/* ---- search ---- */

static int run_search(const struct call *call)
{
	const char *word = call->words[0] ? call->words[0] : "", *reason;
	struct app app = { .config = call->config };
	bool rebuild = strcmp(word, "rebuild") == 0;
	enum err err;

	if (!rebuild && strcmp(word, "status") != 0)
		return fail("search takes: status, or rebuild");
	if (rebuild && !call->config->search)
		return fail("searching is switched off: WEBPLUS_SEARCH is false");
	if (installation_open(&app, INSTALLATION_BESIDE, call->arena, &reason) != ERR_OK)
		return fail(reason);
	err = rebuild ? search_rebuild(app.db, stdout) : search_status(app.db, stdout);
	installation_close(&app);
	return err == ERR_OK
		       ? EXIT_SUCCESS
		       : fail("the database does not answer as it should. Nothing is lost; run "
			      "it again to go on.");
}

/* ---- keys rotate-master ---- */

/* A new file is made for a file; what came from elsewhere is given. */
static int rotate_master_key(const struct call *call)
{
	const char *reason = "the new master key is read from standard input, one line of 64 "
			     "hexadecimal digits";
	char line[KEY_LINE_MAX] = "";
	bool is_file = master_key_path(call->config, call->arena) != NULL;
	enum err err;

	if (!is_file && !fgets(line, sizeof(line), stdin))
		return fail(reason);
	err = master_key_rotate(call->config, is_file ? NULL : line, call->arena, stdout, &reason);
	sodium_memzero(line, sizeof(line));
	return err == ERR_OK ? EXIT_SUCCESS : fail(reason);
}

static int run_keys(const struct call *call)
{
	const char *word = call->words[0] ? call->words[0] : "";

	if (strcmp(word, "rotate") == 0)
		return rotate_data_key(call);
	if (strcmp(word, "rotate-master") == 0)
		return rotate_master_key(call);
	return fail("keys takes: rotate, or rotate-master");
}

/* ---- user create ---- */

static int create_user(const struct call *call, const char *username, const char *email,
		       const char *role)
{
	struct app app = { .config = call->config };
	char password[PASSWORD_LINE_MAX] = "";
	const char *reason = "the password is read from standard input, one line";
	enum err err;

	if (!fgets(password, sizeof(password), stdin))
		return fail(reason);
	password[strcspn(password, "\r\n")] = '\0';
	err = installation_open(&app, INSTALLATION_BESIDE, call->arena, &reason);
	if (err == ERR_OK) {
		err = account_create(&app, username, email, password, role, call->arena, &reason);
		installation_close(&app);
	}
	sodium_memzero(password, sizeof(password));
	if (err != ERR_OK)
		return fail(reason);
	printf("%s was made, with the role %s.\n", username, role);
	return EXIT_SUCCESS;
}

static int run_user(const struct call *call)
{
	const char *username = option(call, "--username"), *email = option(call, "--email");
	const char *role = option(call, "--role");

	if (!call->words[0] || strcmp(call->words[0], "create") != 0 || !username || !email)
		return fail("user takes: create --username NAME --email ADDRESS [--role "
			    "administrator|developer|user|viewer], "
			    "and the password as a line of standard input");
	if (!role)
		role = ROLE_USER;
	if (!builtin_role_find(role))
		return fail("there is no such role");
	return create_user(call, username, email, role);
}

/* ---- audit verify ---- */

static int run_audit(const struct call *call)
{
	struct app app = { .config = call->config };
	const char *reason;
	enum err err;

	if (!call->words[0] || strcmp(call->words[0], "verify") != 0)
		return fail("audit takes: verify");
	err = installation_open(&app, INSTALLATION_BESIDE, call->arena, &reason);
	if (err != ERR_OK)
		return fail(reason);
	err = audit_verify(&app, stdout);
	installation_close(&app);
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- Which one ---- */

static int run_help(const struct call *call);

static const struct command {
	const char *name;
	const char *doc;
	bool takes_words;
	int (*run)(const struct call *call);
	void (*print)(struct buf *out); /* what it prints, where it has no `run` */
} commands[] = {
	{ "serve", "run the server (what happens without a command)", .run = run_serve },
	{ "migrate", "status, up, or down STEP: the shape of the database", .takes_words = true,
	  .run = run_migrate },
	{ "db", "copy --from URL --to URL: all data, from one database to an empty one",
	  .takes_words = true, .run = run_db },
	{ "user",
	  "create --username NAME --email ADDRESS [--role ROLE], password on standard input",
	  .takes_words = true, .run = run_user },
	{ "keys",
	  "rotate: seals all data under a new key, while servers run; rotate-master: another "
	  "master key, while none runs",
	  .takes_words = true, .run = run_keys },
	{ "search",
	  "status, or rebuild: the index of words, anew under new keys, while servers run",
	  .takes_words = true, .run = run_search },
	{ "audit", "verify: finds a changed or missing row of the audit log", .takes_words = true,
	  .run = run_audit },
	{ "openapi", "print the OpenAPI document", .print = fill_openapi },
	{ "config", "print the reference of the settings", .print = config_print_reference },
	{ "headers", "print the reference of the security headers",
	  .print = security_print_reference },
	{ "cache", "print which replies are kept, and what they depend on", .print = fill_cache },
	{ "metrics", "print the reference of what is told to Prometheus", .print = fill_metrics },
	{ "websockets", "limits, closes: print these tables of the WebSocket", .takes_words = true,
	  .run = run_websockets },
	{ "limits", "print the reference of the rate limits", .print = fill_limits },
	{ "version", "print the version", .run = run_version },
	{ "help", "print this", .run = run_help },
	{ 0 },
};

static int run_help(const struct call *call)
{
	(void)call;
	puts("Usage: webplus [COMMAND] [--SETTING VALUE]...\n");
	for (const struct command *command = commands; command->name; command++)
		printf("  %-10s %s\n", command->name, command->doc);
	puts("\n`webplus config` lists the settings.");
	return EXIT_SUCCESS;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

static int run_command(const char *name, const struct call *call)
{
	const struct command *command = find_command(name);

	if (!command)
		return fail("there is no such command; see `webplus help`");
	if (!command->takes_words && call->words[0])
		return fail(arena_printf(call->arena,
					 "what is %s? See `webplus help` and `webplus config`.",
					 call->words[0]));
	return command->run ? command->run(call) : print(command->print);
}

/*
 * What a request frees, its worker keeps for the next one instead of giving it back to the kernel: that costs page
 * faults for each (bench/run list: a tenth of the throughput).
 */
static void keep_freed_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 2 * 1024 * 1024);
}

/* "--help" is what people try first. */
static const char *command_of(int argc, char **argv)
{
	static const char *const options[] = { "--help", "--version" };

	for (size_t i = 0; argc == 2 && i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(argv[1], options[i]) == 0)
			return argv[1] + 2;
	return argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
}

int main(int argc, char **argv)
{
	const char *command = command_of(argc, argv);
	struct config config;
	struct arena arena;
	const char *reason;
	struct call call = { .config = &config, .arena = &arena };
	int status;

	if (sodium_init() < 0)
		return fail("libsodium cannot be used on this machine");
	signal(SIGPIPE, SIG_IGN);
	keep_freed_memory();
	umask(077); /* whatever is written here is its owner's alone */
	arena_init(&arena);
	if (config_read(argv + 1 + (command != NULL), &arena, &config, &call.words, &reason) !=
	    ERR_OK) {
		status = fail(reason);
	} else {
		log_set_level((enum log_level)config.log_level);
		status = run_command(command ? command : "serve", &call);
	}
	arena_finish(&arena);
	return status;
}
