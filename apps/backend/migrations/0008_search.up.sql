-- Full-text search over what is sealed: for each owner an inverted index under a key of its own (search/index.h).
CREATE TABLE search_index (
	id BIGINT PRIMARY KEY,
	owner_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	state TEXT NOT NULL, -- building, serving, dropped
	key BYTEA, -- sealed; none until its building begins
	conversation_after TEXT NOT NULL, -- building: behind which conversation it goes on
	messages BIGINT NOT NULL, -- that were taken in
	blocks BIGINT NOT NULL, -- its size: rows, and bytes of what is sealed
	bytes BIGINT NOT NULL,
	stale BIGINT NOT NULL, -- 1: something in it was erased since, so that it is to be built anew
	lease_until BIGINT NOT NULL, -- who writes in it, as until when: one at a time
	created_at BIGINT NOT NULL
);
CREATE INDEX search_index_by_owner ON search_index (owner_id, state);
-- What is left to do: built, built anew, dropped.
CREATE INDEX search_index_unfinished ON search_index (lease_until) WHERE state <> 'serving' OR stale = 1;

-- Where a word stands: the moments of messages, sealed under the index's key. Read along a term from a place in it.
CREATE TABLE search_block (
	index_id BIGINT NOT NULL REFERENCES search_index (id) ON DELETE CASCADE,
	term BIGINT NOT NULL, -- keyed hash of the word
	place BIGINT NOT NULL, -- the earliest moment that it may hold; 0: what was not put into its place yet
	moments BYTEA NOT NULL,
	PRIMARY KEY (index_id, term, place)
) WITHOUT ROWID;

-- What ended or got a title, and is in no index yet. Searches read it itself. Without a foreign key, so that who posts locks
-- nothing more; what is gone is passed over.
CREATE TABLE search_pending (
	owner_id TEXT NOT NULL,
	kind TEXT NOT NULL, -- message, title
	object_id TEXT NOT NULL,
	marked_at BIGINT NOT NULL,
	PRIMARY KEY (owner_id, kind, object_id)
);
CREATE INDEX search_pending_by_age ON search_pending (marked_at);

-- What was there before is taken in by the servers, an owner at a time.
INSERT INTO search_index (id, owner_id, state, conversation_after, messages, blocks, bytes, stale, lease_until,
	created_at) SELECT row_number() OVER (ORDER BY id), id, 'building', '', 0, 0, 0, 0, 0, 0 FROM account;
