DROP INDEX message_by_parent;
