-- Where an answer was cut as it streamed tells how long its words are, and so what they may be: it is sealed from now on. What
-- was kept in the clear goes; the texts stay, and the number of the last delta, from which an answer goes on.
UPDATE message SET lengths = NULL WHERE lengths IS NOT NULL;

-- What was still streaming when the version before ended, as after a kill, is folded as exactly as ever: its lengths stay until
-- then, apart. NULL in all that was written since.
ALTER TABLE message_chunk ADD COLUMN clear_lengths BYTEA;
UPDATE message_chunk SET clear_lengths = lengths;
ALTER TABLE message_chunk DROP COLUMN lengths;
ALTER TABLE message_chunk ADD COLUMN lengths BYTEA; -- sealed
