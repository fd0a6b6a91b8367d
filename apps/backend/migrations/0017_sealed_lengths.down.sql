-- The version before could not read what was streaming, and would lose it: refused while there is some. This version ends it
-- when it starts.
CREATE TABLE message_chunk_check (message_id TEXT, CONSTRAINT answers_were_cut_off CHECK (message_id IS NULL));
INSERT INTO message_chunk_check SELECT message_id FROM message_chunk;
DROP TABLE message_chunk_check;
ALTER TABLE message_chunk DROP COLUMN lengths;
ALTER TABLE message_chunk DROP COLUMN clear_lengths;
ALTER TABLE message_chunk ADD COLUMN lengths BYTEA NOT NULL DEFAULT '';
-- It numbers what it goes on with as the lengths say, so from 1.
UPDATE message SET lengths = NULL, seq = 0 WHERE lengths IS NOT NULL OR seq > 0;
