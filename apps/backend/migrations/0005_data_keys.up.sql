-- Data keys of rotations, wrapped by the master key. Key 1 is derived from it and has no row.
CREATE TABLE data_key (
	id BIGINT PRIMARY KEY,
	wrapped BYTEA NOT NULL,
	created_at BIGINT NOT NULL
);

-- A rotation under way: how far each table has come. Empty at other times.
CREATE TABLE key_rotation (
	table_name TEXT PRIMARY KEY,
	data_key BIGINT NOT NULL REFERENCES data_key (id),
	last_key TEXT NOT NULL, -- of the last row that was sealed anew; empty: none yet
	rows_done BIGINT NOT NULL
);
