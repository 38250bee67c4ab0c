-- Takes up to `wanted` of the places that are left in the last minute, over all executors; or gives places back.
-- KEYS: places taken, as a sorted set by time   ARGV: 'take', wanted, limit   or   'return', members
local at = milliseconds()
if ARGV[1] == 'return' then
  redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
  return {}
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - 60000)
local left = math.min(tonumber(ARGV[2]), tonumber(ARGV[3]) - redis.call('ZCARD', KEYS[1]))
local taken = { '0' }
for _ = 1, left do
  local member = integer(redis.call('INCR', KEYS[2]))
  redis.call('ZADD', KEYS[1], at, member)
  taken[#taken + 1] = member
end
if left > 0 then redis.call('PEXPIRE', KEYS[1], 60000) end
if left <= 0 then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  taken[1] = integer(oldest[2] and math.max(1, oldest[2] + 60000 - at) or 1000)
end
return taken
