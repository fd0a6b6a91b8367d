CREATE INDEX account_by_age ON account (created_at, id);
DROP INDEX api_key_in_use;
CREATE INDEX invitation_by_age ON invitation (created_at, id);
DROP INDEX invitation_open;
