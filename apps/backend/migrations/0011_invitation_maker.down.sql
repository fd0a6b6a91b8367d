DROP INDEX invitation_by_maker;
