-- Shuts the door of a partition: `accept` takes no new orders while this record is there. Said again it keeps its time, and its reason where none
-- is given.
-- KEYS: paused   ARGV: reason
redis.call('HSETNX', KEYS[1], 'since', integer(milliseconds()))
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'reason', ARGV[1]) end
