-- The purge of API keys that ended 90 days ago.
CREATE INDEX api_key_by_revocation ON api_key (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_key_by_expiry ON api_key (expires_at) WHERE expires_at IS NOT NULL;

-- What else a send answered at first, so that the same request with the same key gets the same answer.
ALTER TABLE idempotency_key ADD COLUMN parent_id TEXT;
ALTER TABLE idempotency_key ADD COLUMN model_id TEXT NOT NULL DEFAULT '';
UPDATE idempotency_key SET parent_id = (SELECT m.parent_id FROM message m WHERE m.id = idempotency_key.user_message_id),
	model_id = coalesce((SELECT m.model_id FROM message m WHERE m.id = idempotency_key.assistant_message_id), '');
