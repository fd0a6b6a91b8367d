ALTER TABLE idempotency_key DROP COLUMN model_id;
ALTER TABLE idempotency_key DROP COLUMN parent_id;
DROP INDEX api_key_by_expiry;
DROP INDEX api_key_by_revocation;
