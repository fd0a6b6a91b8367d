DROP INDEX grant_by_subject;
DROP INDEX session_by_account;
DROP INDEX conversation_by_owner_and_id;
