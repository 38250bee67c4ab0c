-- Hands back what a stopping worker holds: claimable at once, the start that was counted taken off again.
-- KEYS: stream   ARGV: group, consumer, prefix of order keys, then pairs of entry and order id ('' where it could not be read)
local group, consumer = ARGV[1], ARGV[2]
local released = 0
for index = 4, #ARGV, 2 do
  local claim = pending(KEYS[1], group, ARGV[index])
  if claim and claim[2] == consumer then
    redis.call('XCLAIM', KEYS[1], group, consumer, 0, ARGV[index], 'IDLE', 3600000, 'JUSTID')
    released = released + 1
    local key = ARGV[3] .. ARGV[index + 1]
    local stage, round, starts = string.match(redis.call('HGET', key, 'starts') or '', '^(%a+):(%d+):(%d+):')
    if stage == group and tonumber(starts) > 0 then
      redis.call('HSET', key, 'starts', stage .. ':' .. round .. ':' .. (tonumber(starts) - 1) .. ':')
    end
  end
end
return released
