-- What depends on this key would be lost with it: refused while there is one.
CREATE TABLE root_key_check (id BIGINT NOT NULL, CONSTRAINT root_key_is_in_use CHECK (id < 0));
INSERT INTO root_key_check SELECT id FROM installation WHERE root_key IS NOT NULL;
DROP TABLE root_key_check;
ALTER TABLE installation DROP COLUMN root_key;
