-- The version before reads the indexes as they are, and makes its own again.
UPDATE search_index SET stale = 1 WHERE state <> 'dropped';
