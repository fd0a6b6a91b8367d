-- What is over no longer stands between those that are shown: the lists of open invitations and of keys in use are read from an
-- index of them alone. No statement asked for accounts by their age. Each index is told of in db/indexes.md.
CREATE INDEX invitation_open ON invitation (created_at, id) WHERE used_at IS NULL;
DROP INDEX invitation_by_age;
CREATE INDEX api_key_in_use ON api_key (account_id, created_at, id) WHERE revoked_at IS NULL;
DROP INDEX account_by_age;
