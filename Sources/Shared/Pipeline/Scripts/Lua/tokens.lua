-- The keys that tokens are signed with: makes those of this day and the next if there are none, and forgets those from before yesterday.
-- KEYS: tokens; ARGV: today, a key for today, a key for tomorrow. Answers numbers and keys in turn.
local today = tonumber(ARGV[1])
for number, key in ipairs({ ARGV[2], ARGV[3] }) do redis.call('HSETNX', KEYS[1], string.format('%d', today + number - 1), key) end
for _, number in ipairs(redis.call('HKEYS', KEYS[1])) do
  if (tonumber(number) or 0) < today - 1 then redis.call('HDEL', KEYS[1], number) end
end
return redis.call('HGETALL', KEYS[1])
