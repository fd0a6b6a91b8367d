-- Where a block of an index begins was the moment of a message: the indexes are built anew, with places between messages.
UPDATE search_index SET stale = 1 WHERE state <> 'dropped';
