ALTER TABLE message DROP COLUMN stop_requested_at;
