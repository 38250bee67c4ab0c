-- Writes an idempotency record that comes from another partition, unless this partition has one of the same key.
-- KEYS: record; ARGV: time to live in ms, then the names and values of its fields
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
write('HSET', KEYS[1], unpack(ARGV, 2))
write('PEXPIRE', KEYS[1], ARGV[1])
return commit(1)
