-- Says that a process is alive. With allow-oom: a plain HSET is refused at maxmemory.
-- KEYS: names alive, this name   ARGV: name, time to live in ms, fields and values
-- Answers {the time in ms, by how much Redis' own clock is behind it}
local clock = readClock()
keepTime(clock)
write('ZADD', KEYS[1], integer(clock.at), ARGV[1])
write('ZREMRANGEBYSCORE', KEYS[1], '-inf', integer(clock.at - 60000))
-- Beyond the latest time that can have been seen: of a clock that ran ahead. Who is alive says so again within a second.
write('ZREMRANGEBYSCORE', KEYS[1], '(' .. integer(clock.at + MAX_UNKEPT), '+inf')
write('HSET', KEYS[2], unpack(ARGV, 3))
write('PEXPIRE', KEYS[2], ARGV[2])
return commit({ integer(clock.at), integer(clock.at - clock.own) })
