-- Says that a process is alive, and answers the time of Redis in ms. With allow-oom: a plain HSET is refused at maxmemory.
-- KEYS: names alive, this name   ARGV: name, time to live in ms, fields and values
local at = milliseconds()
redis.call('ZADD', KEYS[1], at, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - 60000)
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return at
