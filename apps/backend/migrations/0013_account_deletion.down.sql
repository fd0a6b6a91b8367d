DELETE FROM account WHERE deleted_at IS NOT NULL;
DROP INDEX account_by_deletion;
ALTER TABLE account DROP COLUMN deleted_at;
