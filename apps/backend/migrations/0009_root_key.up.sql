-- A random key, wrapped by the master key, from which the others are derived that stored hashes depend on, so that the
-- master key can be changed. NULL in an installation that was made before and whose master key is still the first one:
-- there that is the root, and data key 1 is derived from it. Otherwise data key 1 has its row.
ALTER TABLE installation ADD COLUMN root_key BYTEA;
