-- Charges token buckets, each of one caller. A bucket holds at most `burst` tokens and gets `rate` of them a second. It may be overdrawn by what was
-- let through already.
-- KEYS: the buckets
-- ARGV: for each bucket: rate, burst, tokens owed, tokens wanted
-- Answers for each bucket: tokens granted, whole tokens left, ms until it has a token
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = {}
for number, key in ipairs(KEYS) do
  local first = 4 * number - 3
  local rate, burst, owed, wanted = tonumber(ARGV[first]), tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3])
  local found = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(found[1]) or burst, tonumber(found[2]) or now
  level = math.min(burst, level + math.max(0, now - at) * rate / 1000) - owed
  local granted = math.max(0, math.min(wanted, math.floor(level)))
  level = level - granted
  local wait = level >= 1 and 0 or math.ceil((1 - level) * 1000 / rate)
  redis.call('HSET', key, 'level', string.format('%.3f', level), 'at', string.format('%d', math.max(now, at)))
  redis.call('PEXPIRE', key, math.ceil((burst - level) * 1000 / rate) + 1000)
  reply[3 * number - 2], reply[3 * number - 1], reply[3 * number] = granted, math.max(0, math.floor(level)), wait
end
return reply
