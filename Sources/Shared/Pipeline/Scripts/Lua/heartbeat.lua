-- Records that a process is alive. Runs with allow-oom, because Redis refuses a plain HSET at maxmemory.
-- KEYS: names alive, this name   ARGV: name, time to live in ms, fields and values
-- Answers {the time in ms, how far Redis' own clock is behind it in ms}
local clock = readClock()
keepTime(clock)
write('ZADD', KEYS[1], integer(clock.at), ARGV[1])
write('ZREMRANGEBYSCORE', KEYS[1], '-inf', integer(clock.at - 60000))
-- A later time than any process can have seen comes from a clock that ran ahead. A process that is alive sends its next heartbeat within a second.
write('ZREMRANGEBYSCORE', KEYS[1], '(' .. integer(clock.at + MAX_UNKEPT), '+inf')
write('HSET', KEYS[2], unpack(ARGV, 3))
write('PEXPIRE', KEYS[2], ARGV[2])
return commit({ integer(clock.at), integer(clock.at - clock.own) })
