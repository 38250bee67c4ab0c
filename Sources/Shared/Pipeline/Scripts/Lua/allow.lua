-- Takes up to `wanted` of the places that are left in the last minute, over all executors, or gives places back.
-- KEYS: places taken, as a sorted set by time, counter of places   ARGV: 'take', wanted, limit   or   'return', members
-- Answers {ms until a place may be free, or 0, places}
if ARGV[1] == 'return' then
  for index = 2, #ARGV do write('ZREM', KEYS[1], ARGV[index]) end
  return commit({})
end
local clock = readClock()
local at = clock.at
keepTime(clock)
-- A place with a later time than any process can have seen was written with a clock that ran ahead.
local since, latest = integer(at - 60000), integer(at + MAX_UNKEPT)
local left = math.min(tonumber(ARGV[2]), tonumber(ARGV[3]) - redis.call('ZCOUNT', KEYS[1], '(' .. since, latest))
local answer = { '0' }
write('ZREMRANGEBYSCORE', KEYS[1], '-inf', since)
write('ZREMRANGEBYSCORE', KEYS[1], '(' .. latest, '+inf')
if left > 0 then
  local last = tonumber(redis.call('GET', KEYS[2]) or 0)
  if not last then return redis.error_reply('ERR ' .. KEYS[2] .. ' is no number') end
  write('SET', KEYS[2], integer(last + left))
  for number = 1, left do
    answer[number + 1] = integer(last + number)
    write('ZADD', KEYS[1], integer(at), answer[number + 1])
  end
  write('PEXPIRE', KEYS[1], 60000)
else
  local oldest = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  answer[1] = integer(oldest[2] and math.max(1, oldest[2] + 60000 - at) or 1000)
end
return commit(answer)
