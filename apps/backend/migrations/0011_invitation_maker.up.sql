-- The invitations that somebody made, for the file of one's data.
CREATE INDEX invitation_by_maker ON invitation (created_by, id);
