-- Where a conversation forks, and what was said below a message: both are read from this index alone.
CREATE INDEX message_by_parent ON message (conversation_id, parent_id, id);
