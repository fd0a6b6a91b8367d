-- What was sealed under these keys would be lost with them: refused while there is one.
CREATE TABLE data_key_is_in_use (id BIGINT NOT NULL CHECK (id < 0));
INSERT INTO data_key_is_in_use SELECT id FROM data_key;
DROP TABLE data_key_is_in_use;
DROP TABLE key_rotation;
DROP TABLE data_key;
