-- That an answer is to be stopped, said by whichever server was asked: the one that streams it looks here. It is of no meaning
-- once the message has ended, and cleared when it goes on.
ALTER TABLE message ADD COLUMN stop_requested_at BIGINT;
