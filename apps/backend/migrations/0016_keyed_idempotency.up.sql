-- A key and what was asked with it are kept as keyed hashes, which say nothing without the master key. What was kept before, the
-- key in the clear and a hash that anybody can make, goes.
DELETE FROM idempotency_key;
