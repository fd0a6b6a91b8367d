-- Each filter of the audit log, and each two of them, have an index that is read backwards from a place in it: all of its
-- columns in one order. An account at which many sign-ins failed is an object with many rows.
DROP INDEX audit_by_actor;
DROP INDEX audit_by_actor_and_action;
DROP INDEX audit_by_action;
DROP INDEX audit_by_object;
CREATE INDEX audit_by_actor ON audit (actor_id, seq);
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX audit_by_object ON audit (object_id, seq);
CREATE INDEX audit_by_actor_and_action ON audit (actor_id, action, seq);
CREATE INDEX audit_by_object_and_actor ON audit (object_id, actor_id, seq);
CREATE INDEX audit_by_object_and_action ON audit (object_id, action, seq);
