-- The file of all one's data goes through each table in the order of a key that does not change. The first two also serve the
-- deletion of an account, which takes what is over or deleted with it.
CREATE INDEX conversation_by_owner_and_id ON conversation (owner_id, id);
CREATE INDEX session_by_account ON session (account_id, id);
CREATE INDEX grant_by_subject ON resource_grant (subject_kind, subject_id, resource_kind, resource_id);
