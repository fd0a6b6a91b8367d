-- Accounts, their sessions, and the conversations they own.
--
-- Times are milliseconds since 1970 UTC. Columns of type BYTEA that hold text are sealed (docs/architecture.md, Data).
-- The type names are ones that SQLite and PostgreSQL both take.

-- The one row of this installation: under which master key its data was sealed.
CREATE TABLE installation (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	key_fingerprint TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

-- The servers that share this database. Each start raises the epoch, which ends the leases of the run before.
CREATE TABLE node (
	id TEXT PRIMARY KEY,
	epoch BIGINT NOT NULL
);

CREATE TABLE account (
	id TEXT PRIMARY KEY,
	username TEXT NOT NULL UNIQUE, -- in lower case
	email BYTEA NOT NULL,
	email_hash BYTEA NOT NULL UNIQUE, -- keyed, of the address in lower case
	password_hash TEXT NOT NULL,
	role TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE session (
	id TEXT PRIMARY KEY,
	account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT
);
CREATE INDEX session_by_account ON session (account_id);

-- A refresh token works once; a used one that comes again ends its session.
CREATE TABLE refresh_token (
	hash TEXT PRIMARY KEY, -- keyed
	session_id TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
	created_at BIGINT NOT NULL,
	used_at BIGINT
);
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

CREATE TABLE conversation (
	id TEXT PRIMARY KEY,
	owner_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	title BYTEA NOT NULL,
	model_id TEXT NOT NULL,
	active_message_id TEXT, -- the leaf of the branch that is shown
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	deleted_at BIGINT
);
-- The list: one owner's conversations, the newest first.
CREATE INDEX conversation_by_owner ON conversation (owner_id, updated_at DESC, id DESC) WHERE deleted_at IS NULL;
-- The purge of what was deleted 30 days ago.
CREATE INDEX conversation_by_deletion ON conversation (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE message (
	id TEXT PRIMARY KEY,
	conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	owner_id TEXT NOT NULL,
	parent_id TEXT,
	role TEXT NOT NULL,
	status TEXT NOT NULL,
	seq BIGINT NOT NULL, -- of the last delta in content
	model_id TEXT,
	error_code TEXT,
	error_detail TEXT,
	node_id TEXT, -- who streams it, in which run, until when that must be renewed
	epoch BIGINT NOT NULL,
	lease_until BIGINT,
	created_at BIGINT NOT NULL,
	completed_at BIGINT,
	-- The large ones last, so that what stands before is read without them.
	lengths BYTEA, -- of the deltas in content, so that any number stays answerable
	content BYTEA NOT NULL
);
-- A conversation's messages in the order they were made.
CREATE INDEX message_by_conversation ON message (conversation_id, id);
-- What streams now: few rows, looked at when a lease may have run out.
CREATE INDEX message_streaming ON message (lease_until) WHERE status = 'streaming';

-- What a streaming message has committed so far; folded into the message when it ends.
CREATE TABLE message_chunk (
	message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
	first_seq BIGINT NOT NULL,
	lengths BYTEA NOT NULL,
	text BYTEA NOT NULL,
	PRIMARY KEY (message_id, first_seq)
);

-- Requests that must not be carried out twice, kept for a day.
CREATE TABLE idempotency_key (
	owner_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	key TEXT NOT NULL,
	request_hash TEXT NOT NULL,
	user_message_id TEXT NOT NULL,
	assistant_message_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (owner_id, key)
);
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);
