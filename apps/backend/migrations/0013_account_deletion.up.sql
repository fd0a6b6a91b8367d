-- An account that is deleted is gone at once, and what it had is erased some rows at a time; its row is the last.
ALTER TABLE account ADD COLUMN deleted_at BIGINT;
-- Those that are being erased.
CREATE INDEX account_by_deletion ON account (deleted_at) WHERE deleted_at IS NOT NULL;
