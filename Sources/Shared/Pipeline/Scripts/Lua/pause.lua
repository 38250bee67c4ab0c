-- Pauses a partition: `accept` takes no new orders while this record exists. A second pause keeps the time, and keeps the reason unless it gives one.
-- KEYS: paused   ARGV: reason
local pause = redis.call('HMGET', KEYS[1], 'since', 'reason')
write('HSET', KEYS[1], 'since', pause[1] or integer(milliseconds()), 'reason', ARGV[1] ~= '' and ARGV[1] or pause[2] or '')
return commit(1)
