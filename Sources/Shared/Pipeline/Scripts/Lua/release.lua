-- Hands back what a stopping worker holds: claimable at once, the start that was counted taken off again.
-- KEYS: stream   ARGV: group, consumer, prefix of order keys, then triples of entry, order id and token ('' where it could not be read)
local group, consumer = ARGV[1], ARGV[2]
local released = 0
for index = 4, #ARGV, 3 do
  local claim = pending(KEYS[1], group, ARGV[index])
  if claim and claim[2] == consumer then
    redis.call('XCLAIM', KEYS[1], group, consumer, 0, ARGV[index], 'IDLE', 3600000, 'JUSTID')
    released = released + 1
    local key = ARGV[3] .. ARGV[index + 1]
    local stage, round, starts, last = string.match(redis.call('HGET', key, 'starts') or '', '^(%a+):(%d+):(%d+):(.*)$')
    -- Only a start that this delivery has counted.
    if stage == group and last == ARGV[index + 2] and last ~= '' then
      redis.call('HSET', key, 'starts', stage .. ':' .. round .. ':' .. (tonumber(starts) - 1) .. ':')
    end
  end
end
return released
