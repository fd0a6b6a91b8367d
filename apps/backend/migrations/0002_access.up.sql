-- Roles, invitations, API keys, grants, settings, and the audit log.

ALTER TABLE account ADD COLUMN full_name BYTEA;
ALTER TABLE account ADD COLUMN disabled_at BIGINT;

ALTER TABLE session ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN address BYTEA; -- sealed: where it was used last
ALTER TABLE session ADD COLUMN user_agent BYTEA; -- sealed
-- One's sessions, the one used last first.
CREATE INDEX session_by_use ON session (account_id, last_used_at DESC, id DESC) WHERE revoked_at IS NULL;
DROP INDEX session_by_account;
-- The purge of those that are over.
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_revocation ON session (revoked_at) WHERE revoked_at IS NOT NULL;

-- The list of accounts, and the search for one by the beginning of its name.
CREATE INDEX account_by_age ON account (created_at, id);
-- Whether there is an administrator left.
CREATE INDEX account_by_role ON account (role);

-- Roles made by administrators; the built-in ones are in the program.
CREATE TABLE role (
	name TEXT PRIMARY KEY,
	doc TEXT NOT NULL,
	permissions TEXT NOT NULL, -- one a line
	created_at BIGINT NOT NULL
);

CREATE TABLE invitation (
	id TEXT PRIMARY KEY,
	token_hash TEXT NOT NULL UNIQUE, -- keyed
	email BYTEA, -- sealed: for whom
	role TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT
);
CREATE INDEX invitation_by_age ON invitation (created_at, id);

CREATE TABLE api_key (
	id TEXT PRIMARY KEY,
	account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	prefix TEXT NOT NULL, -- its first characters, to tell it by
	hash TEXT NOT NULL UNIQUE, -- keyed
	scopes TEXT NOT NULL, -- one a line
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	last_used_at BIGINT,
	revoked_at BIGINT
);
CREATE INDEX api_key_by_account ON api_key (account_id, created_at, id);

-- Shares a resource with a user or a role.
CREATE TABLE resource_grant (
	resource_kind TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	subject_kind TEXT NOT NULL, -- user, role
	subject_id TEXT NOT NULL,
	permissions TEXT NOT NULL, -- one a line
	created_at BIGINT NOT NULL,
	PRIMARY KEY (resource_kind, resource_id, subject_kind, subject_id)
);

CREATE TABLE setting (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- What every server must forget: rows are read by number, and dropped after a day.
CREATE TABLE rights_change (
	id TEXT PRIMARY KEY, -- UUIDv7
	account_id TEXT NOT NULL, -- '' for everybody
	session_id TEXT NOT NULL, -- '' for all of the account
	created_at BIGINT NOT NULL
);
CREATE INDEX rights_change_by_age ON rights_change (created_at, id);

-- Append-only. Each row's hash covers the one before; what is personal can be erased without breaking that.
CREATE TABLE audit (
	seq BIGINT PRIMARY KEY,
	at BIGINT NOT NULL,
	actor_id TEXT NOT NULL, -- '' for nobody
	action TEXT NOT NULL,
	object_kind TEXT NOT NULL,
	object_id TEXT NOT NULL,
	outcome TEXT NOT NULL,
	commitment TEXT NOT NULL, -- to salt and details
	hash TEXT NOT NULL,
	salt TEXT,
	details BYTEA -- sealed: names, addresses
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_actor ON audit (actor_id, seq DESC);
CREATE INDEX audit_by_actor_and_action ON audit (actor_id, action, seq DESC);
CREATE INDEX audit_by_action ON audit (action, seq DESC);
CREATE INDEX audit_by_object ON audit (object_id, seq DESC);
