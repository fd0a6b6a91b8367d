ALTER TABLE message DROP COLUMN error_detail;
ALTER TABLE message ADD COLUMN error_detail TEXT;
