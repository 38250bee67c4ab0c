-- Records that a process is alive, and whether it serves its consumer group. Runs with allow-oom, because Redis refuses a plain HSET at maxmemory.
-- KEYS: names alive, this name, names that serve the same group (a process without a group leaves it out)
-- ARGV: name, time to live in ms, how long a name counts as serving in ms, whether this process serves (1 or 0), fields and values
-- Answers {the time in ms, how far Redis' own clock is behind it in ms, the other names that serve}
local clock = readClock()
local at = clock.at

-- Notes a name. A later time than any process can have seen comes from a clock that ran ahead. A process that is alive sends its next heartbeat
-- within a second.
local function note(key, isThere)
  if isThere then write('ZADD', key, integer(at), ARGV[1]) else write('ZREM', key, ARGV[1]) end
  write('ZREMRANGEBYSCORE', key, '-inf', integer(at - 60000))
  write('ZREMRANGEBYSCORE', key, '(' .. integer(at + MAX_UNKEPT), '+inf')
end

local serving = KEYS[3] and redis.call('ZRANGEBYSCORE', KEYS[3], integer(at - tonumber(ARGV[3])), integer(at + MAX_UNKEPT)) or {}
keepTime(clock)
note(KEYS[1], true)
if KEYS[3] then
  note(KEYS[3], ARGV[4] == '1')
  -- Nobody counts as serving for so long. So nothing is left of an engine that has ended.
  write('PEXPIRE', KEYS[3], 60000)
end
write('HSET', KEYS[2], unpack(ARGV, 5))
write('PEXPIRE', KEYS[2], ARGV[2])
return commit({ integer(at), integer(at - clock.own), serving })
