#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const proxy_headers[] = { "x-forwarded", "forwarded", NULL };
static const char *const log_levels[] = { "debug", "info", "warning", "error", NULL };

static const struct field config_fields[] = {
	FIELD(struct config, listen, .preset = "127.0.0.1:8080", .max = 100,
	      .doc = "Address and port to serve on. Behind a proxy, leave it on the loopback "
		     "address."),
	FIELD(struct config, data, .preset = "./data", .max = 1000,
	      .doc = "Folder of the database, the master key and the backups; made if missing."),
	FIELD(struct config, database_url, .optional = true, .max = 1000,
	      .doc = "`postgresql://user:password@host/name` for a database on PostgreSQL, whose "
		     "encoding must be UTF8; `sqlite:PATH` for a file of SQLite elsewhere. Without "
		     "it, "
		     "`webplus.db` in the data folder."),
	FIELD(struct config, database_connections, .preset = "0", .min = 0, .max = 1000,
	      .unit = "connections",
	      .doc = "At most so many are open at once, and one more to PostgreSQL, which listens. "
		     "0: 16 to PostgreSQL, two per core to SQLite."),
	FIELD(struct config, database_checkout_ms, .preset = "5000", .min = 10, .max = 600000,
	      .unit = "ms", .doc = "How long a request waits for a connection that is free."),
	FIELD(struct config, database_answer_ms, .preset = "10000", .min = 100, .max = 600000,
	      .unit = "ms",
	      .doc = "How long PostgreSQL may take for one statement. One that has not answered "
		     "then is given up, and the request with it."),
	FIELD(struct config, database_life_minutes, .preset = "60", .min = 0, .max = 10080,
	      .unit = "minutes",
	      .doc = "A connection to PostgreSQL that is older is closed; 0: never."),
	FIELD(struct config, redis_url, .optional = true, .max = 500,
	      .doc = "`redis://user:password@host:6379/0`, a Redis that all servers of one "
		     "PostgreSQL share. Not needed by one server alone."),
	FIELD(struct config, cache, .preset = "true",
	      .doc = "Keep replies in memory while nothing that they show has changed. Several "
		     "servers of one PostgreSQL do so only with a Redis."),
	FIELD(struct config, cache_mb, .preset = "64", .min = 0, .max = 65536, .unit = "MiB",
	      .doc = "At most so much of them; 0: nothing."),
	FIELD(struct config, search, .preset = "true",
	      .doc = "Keep an index of the words of messages and titles, under keyed hashes, so that "
		     "their owners can search them. Switched off, it is erased."),
	FIELD(struct config, public_url, .optional = true, .max = 300,
	      .doc = "The address people use, `https://chat.example.org`, without a path. With https, cookies are "
		     "marked Secure and browsers are told to come back by https alone."),
	FIELD(struct config, trusted_proxies, .optional = true, .max = 2000,
	      .doc = "Addresses and networks of the proxies before this server, with commas: "
		     "`127.0.0.1, 10.0.0.0/8`. Their word is taken for the client's address and "
		     "for https, nobody else's."),
	FIELD(struct config, proxy_header, .names = proxy_headers, .preset = "x-forwarded",
	      .doc = "What they write: X-Forwarded-For and X-Forwarded-Proto, or Forwarded "
		     "(RFC 7239). The other is not read."),
	FIELD(struct config, hsts_days, .preset = "365", .min = 0, .max = 3650, .unit = "days",
	      .doc = "How long a browser that came by https refuses plain http "
		     "(Strict-Transport-Security); 0: not told."),
	FIELD(struct config, hsts_subdomains, .preset = "false",
	      .doc = "That holds for the names below the host's, too."),
	FIELD(struct config, rate_limits, .preset = "true",
	      .doc = "Limit how much one address, account and API key may ask for."),
	FIELD(struct config, rate_read, .preset = "1200", .min = 1, .max = 1000000,
	      .unit = "a minute", .doc = "Requests of an account that read; an API key has half."),
	FIELD(struct config, rate_write, .preset = "240", .min = 1, .max = 1000000,
	      .unit = "a minute", .doc = "Those that change something."),
	FIELD(struct config, rate_expensive, .preset = "60", .min = 1, .max = 1000000,
	      .unit = "a minute",
	      .doc = "Those that start an answer, collect everything, or hash a password."),
	FIELD(struct config, rate_search, .preset = "120", .min = 1, .max = 1000000,
	      .unit = "a minute", .doc = "Searches."),
	FIELD(struct config, rate_sign_in, .preset = "30", .min = 1, .max = 1000000,
	      .unit = "a minute", .doc = "Sign-ins and registrations of an address."),
	FIELD(struct config, rate_page, .preset = "3000", .min = 1, .max = 1000000,
	      .unit = "a minute", .doc = "Files of the page for an address."),
	FIELD(struct config, rate_address_factor, .preset = "10", .min = 1, .max = 1000,
	      .doc = "So many accounts' worth has an address, which people may share."),
	FIELD(struct config, rate_exempt_addresses, .optional = true, .max = 2000,
	      .doc = "Addresses and networks without limits, with commas."),
	FIELD(struct config, rate_exempt_accounts, .optional = true, .max = 2000,
	      .doc = "Ids of accounts without limits, with commas."),
	FIELD(struct config, cors_origins, .optional = true, .max = 2000,
	      .doc = "Origins whose pages may use the API, with commas: "
		     "`https://app.example.org`. Without it, only this server's own."),
	FIELD(struct config, cors_credentials, .preset = "false",
	      .doc = "Their requests carry cookies, too, so that they can stay signed in; only "
		     "for origins of the same site."),
	FIELD(struct config, master_key, .optional = true, .min = 64, .max = 64,
	      .doc = "Master key as 64 hexadecimal digits. Without it, the file `master.key` in "
		     "the data folder holds "
		     "one, made at the first start. Whoever loses it loses the data."),
	FIELD(struct config, master_key_file, .optional = true, .max = 1000,
	      .doc = "The file of the master key elsewhere, outside the data folder."),
	FIELD(struct config, master_key_command, .optional = true, .max = 1000,
	      .doc = "A command that prints the master key, `/usr/bin/vault kv get -field=key "
		     "secret/webplus`: words with spaces between, run without a shell, at most "
		     "10 seconds."),
	FIELD(struct config, log_level, .names = log_levels, .preset = "info",
	      .doc = "What is logged."),
	FIELD(struct config, access_log, .preset = "true", .doc = "Log a line per request."),
	FIELD(struct config, workers, .preset = "64", .min = 1, .max = 1024, .unit = "threads",
	      .doc = "At most so many requests are worked on at once; threads start when needed."),
	FIELD(struct config, compression, .preset = "true",
	      .doc = "Compress replies for who takes them so: Brotli, Zstandard, gzip. A proxy that "
		     "does it itself may be left to."),
	FIELD(struct config, access_token_minutes, .preset = "15", .min = 1, .max = 1440,
	      .unit = "minutes", .doc = "How long an access token is valid."),
	FIELD(struct config, session_days, .preset = "30", .min = 1, .max = 365, .unit = "days",
	      .doc = "How long a sign-in lasts without use."),
	FIELD(struct config, openai_url, .optional = true, .max = 500,
	      .doc = "Base URL of an OpenAI-compatible server, `https://api.openai.com/v1`."),
	FIELD(struct config, openai_api_key, .optional = true, .max = 500, .format = FORMAT_TOKEN,
	      .doc = "Key for that server."),
	FIELD(struct config, ollama_url, .optional = true, .max = 500,
	      .doc = "Base URL of an Ollama server, `http://127.0.0.1:11434`."),
	FIELD(struct config, discover, .preset = "true",
	      .doc = "Look for model servers on the usual ports of this machine."),
	FIELD(struct config, models_refresh_seconds, .preset = "30", .min = 1, .max = 86400,
	      .unit = "s",
	      .doc = "How old the list of a model server's models may grow before it is asked "
		     "again. One that does not answer is asked sooner."),
	FIELD(struct config, upstream_connect_ms, .preset = "5000", .min = 10, .max = 600000,
	      .unit = "ms", .doc = "Time to connect to a model server."),
	FIELD(struct config, upstream_first_byte_ms, .preset = "120000", .min = 10, .max = 3600000,
	      .unit = "ms", .doc = "Time until a model server sends the first byte of its answer."),
	FIELD(struct config, upstream_stall_ms, .preset = "60000", .min = 10, .max = 3600000,
	      .unit = "ms",
	      .doc = "Time that a model server may be silent in the middle of an answer."),
	FIELD(struct config, upstream_per_host, .preset = "1024", .min = 1, .max = 65535,
	      .unit = "requests",
	      .doc = "At most so many are under way at once to one model server; more wait."),
	FIELD(struct config, upstream_total, .preset = "2048", .min = 1, .max = 65535,
	      .unit = "requests", .doc = "The same for all model servers together."),
	FIELD(struct config, upstream_queue_ms, .preset = "10000", .min = 10, .max = 600000,
	      .unit = "ms", .doc = "How long a request to a model server waits for its turn."),
	FIELD(struct config, upstream_idle_seconds, .preset = "60", .min = 1, .max = 3600,
	      .unit = "s", .doc = "How long a connection to a model server is kept without use."),
	FIELD(struct config, upstream_life_seconds, .preset = "600", .min = 1, .max = 86400,
	      .unit = "s", .doc = "An older connection is not used again."),
	FIELD(struct config, upstream_ca_file, .optional = true, .max = 1000,
	      .doc = "File of certificates (PEM) of authorities that are trusted for model servers "
		     "besides those of the system: for one with a certificate of your own."),
	FIELD(struct config, guide_words_per_second, .preset = "80", .min = 1, .max = 100000,
	      .doc = "Pace of the built-in model."),
	FIELD(struct config, drain_seconds, .preset = "25", .min = 0, .max = 600, .unit = "s",
	      .doc = "After SIGTERM, how long running requests and answers may still take."),
	FIELD(struct config, connections_per_address, .preset = "1000", .min = 1, .max = 100000,
	      .unit = "connections",
	      .doc = "Connections from one address, of IPv6 from one network of 64 bits. Those of "
		     "trusted proxies are not counted."),
	FIELD(struct config, websockets_per_user, .preset = "50", .min = 1, .max = 100000,
	      .unit = "sockets",
	      .doc = "WebSockets that one user may have open, and as many event streams; each page has one "
		     "socket."),
	FIELD(struct config, websockets_per_address, .preset = "500", .min = 1, .max = 100000,
	      .unit = "sockets",
	      .doc = "WebSockets from one address, of IPv6 from one network of 64 bits. Behind a "
		     "proxy this holds for the clients' addresses only if the proxy is trusted."),
	FIELD(struct config, websockets_total, .preset = "15000", .min = 1, .max = 100000,
	      .unit = "sockets", .doc = "WebSockets in all."),
	{ 0 },
};

static const struct schema config_schema = SCHEMA(struct config, config_fields, .name = "Config",
						  .doc = "The settings of the server.");

enum { NAME_SIZE = 64, FILE_MAX = 64 * 1024 };

static const char *const file_name = "webplus.env";

/* "WEBPLUS_LOG_LEVEL" */
static void variable_name(const struct field *field, char name[static NAME_SIZE])
{
	int length = snprintf(name, NAME_SIZE, "WEBPLUS_%s", field->name);

	for (int i = 0; i < length; i++)
		name[i] = (char)toupper((unsigned char)name[i]);
}

/* "--log-level" */
static void flag_name(const struct field *field, char name[static NAME_SIZE])
{
	int length = snprintf(name, NAME_SIZE, "--%s", field->name);

	for (int i = 0; i < length; i++)
		if (name[i] == '_')
			name[i] = '-';
}

/* ---- Where values come from ---- */

struct reader {
	struct arena *arena;
	struct config *config;
	const char **reason;
	bool given[sizeof(config_fields) / sizeof(config_fields[0])];
};

static enum err set(struct reader *reader, const struct field *field, const char *origin,
		    const char *text)
{
	struct field_errors errors = { .count = 0 };

	if (reader->given[field - config_fields])
		return ERR_OK;
	if (schema_decode_text(field, text, reader->arena, reader->config, &errors) != ERR_OK) {
		*reader->reason =
			arena_printf(reader->arena, "%s %s", origin, errors.list[0].message);
		return ERR_INVALID;
	}
	reader->given[field - config_fields] = true;
	return ERR_OK;
}

/* The field of a flag, "--name" or "--name=value"; *ret_value is what stands behind the sign, or NULL. */
static const struct field *find_flag(const char *arg, const char **ret_value)
{
	char name[NAME_SIZE];

	for (const struct field *field = config_fields; field->name; field++) {
		size_t length;

		flag_name(field, name);
		length = strlen(name);
		if (strncmp(arg, name, length) != 0 || (arg[length] != '\0' && arg[length] != '='))
			continue;
		*ret_value = arg[length] ? arg + length + 1 : NULL;
		return field;
	}
	return NULL;
}

static enum err read_flags(struct reader *reader, char *const *args, const char *const **ret_rest)
{
	size_t count = 0, rest_count = 0;
	const char **rest;

	while (args[count])
		count++;
	rest = ARENA_ARRAY(reader->arena, count + 1, const char *);
	for (size_t i = 0; i < count; i++) {
		const char *value;
		const struct field *field = find_flag(args[i], &value);
		enum err err;

		if (!field) {
			rest[rest_count++] = args[i];
			continue;
		}
		if (!value && !args[i + 1]) {
			*reader->reason = arena_printf(reader->arena, "%s needs a value", args[i]);
			return ERR_INVALID;
		}
		err = set(reader, field, args[i], value ? value : args[i + 1]);
		if (err != ERR_OK)
			return err;
		i += !value;
	}
	*ret_rest = rest;
	return ERR_OK;
}

static enum err read_environment(struct reader *reader)
{
	for (const struct field *field = config_fields; field->name; field++) {
		char name[NAME_SIZE];
		const char *value;
		enum err err;

		variable_name(field, name);
		value = getenv(name);
		err = value && *value ? set(reader, field, name, value) : ERR_OK;
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* NAME=value, an empty line, or # and a remark. */
static enum err read_line(struct reader *reader, char *line, int number)
{
	const char *origin = arena_printf(reader->arena, "%s, line %d:", file_name, number);
	char *value = strchr(line, '=');
	char name[NAME_SIZE];

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return ERR_OK;
	if (value)
		*value++ = '\0';
	for (const struct field *field = config_fields; value && field->name; field++) {
		variable_name(field, name);
		if (strcmp(trim(line), name) != 0)
			continue;
		origin = arena_printf(reader->arena, "%s %s", origin, name);
		return *trim(value) ? set(reader, field, origin, trim(value)) : ERR_OK;
	}
	*reader->reason = arena_printf(reader->arena, "%s there is no setting %s", origin, line);
	return ERR_INVALID;
}

static enum err refuse_file(struct reader *reader, const char *what)
{
	*reader->reason = arena_printf(reader->arena, "%s %s", file_name, what);
	return ERR_INVALID;
}

static enum err read_lines(struct reader *reader, FILE *file)
{
	enum err err = ERR_OK;
	char *line = NULL;
	size_t size = 0;
	int number = 0;

	while (err == ERR_OK && getline(&line, &size, file) > 0)
		err = ftell(file) <= FILE_MAX ? read_line(reader, line, ++number)
					      : refuse_file(reader, "is too long");
	if (err == ERR_OK && ferror(file))
		err = refuse_file(reader, "cannot be read to its end");
	free(line);
	return err;
}

static enum err read_file(struct reader *reader)
{
	FILE *file = fopen(file_name, "re");
	enum err err;

	if (!file && errno == ENOENT)
		return ERR_OK;
	if (!file)
		return refuse_file(
			reader, arena_printf(reader->arena, "cannot be read: %s", strerror(errno)));
	err = read_lines(reader, file);
	fclose(file);
	return err;
}

static enum err read_presets(struct reader *reader)
{
	for (const struct field *field = config_fields; field->name; field++) {
		enum err err =
			field->preset ? set(reader, field, field->name, field->preset) : ERR_OK;

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err config_read(char *const *args, struct arena *arena, struct config *ret_config,
		     const char *const **ret_rest, const char **ret_reason)
{
	struct reader reader = { .arena = arena, .config = ret_config, .reason = ret_reason };
	enum err err;

	memset(ret_config, 0, sizeof(*ret_config));
	*ret_reason = schema_check_input(&config_schema, arena);
	if (*ret_reason)
		return ERR_INTERNAL;
	err = read_flags(&reader, args, ret_rest);
	if (err == ERR_OK)
		err = read_environment(&reader);
	if (err == ERR_OK)
		err = read_file(&reader);
	if (err == ERR_OK)
		err = read_presets(&reader);
	return err;
}

/* ---- The reference ---- */

static void print_bounds(const struct field *field, struct buf *out)
{
	if (field->wire == WIRE_INT)
		buf_printf(out, "%lld to %lld%s%s", (long long)field->min, (long long)field->max,
			   field->unit ? " " : "", field->unit ? field->unit : "");
	else if (field->wire == WIRE_BOOL)
		BUF_LITERAL(out, "true, false");
	else if (field->wire == WIRE_ENUM)
		for (size_t i = 0; field->names[i]; i++)
			buf_printf(out, "%s%s", i ? ", " : "", field->names[i]);
	else
		BUF_LITERAL(out, "text");
}

void config_print_reference(struct buf *out)
{
	BUF_LITERAL(
		out,
		"| environment | flag | preset | value | what it does |\n|---|---|---|---|---|\n");
	for (const struct field *field = config_fields; field->name; field++) {
		char variable[NAME_SIZE], flag[NAME_SIZE];

		variable_name(field, variable);
		flag_name(field, flag);
		buf_printf(out, "| `%s` | `%s` | ", variable, flag);
		if (field->preset)
			buf_printf(out, "`%s`", field->preset);
		BUF_LITERAL(out, " | ");
		print_bounds(field, out);
		buf_printf(out, " | %s |\n", field->doc);
	}
}
