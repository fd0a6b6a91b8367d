-- The version before would find none of them.
DELETE FROM idempotency_key;
