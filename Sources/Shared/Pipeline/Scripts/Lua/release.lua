-- Hands back what a stopping consumer holds: claimable at once, the start that was counted taken off again. That is everything under its name,
-- because what Redis had given to a read that was cut off is in nobody's hand.
-- KEYS: stream   ARGV: group, consumer, prefix of order keys, then for what is in hand triples of entry, order id and token
local group, consumer = ARGV[1], ARGV[2]
local inHand = {}
for index = 4, #ARGV, 3 do inHand[ARGV[index]] = { order = ARGV[index + 1], token = ARGV[index + 2] } end

local held = redis.pcall('XPENDING', KEYS[1], group, '-', '+', 10000, consumer)
if held.err then return 0 end
for _, row in ipairs(held) do
  redis.call('XCLAIM', KEYS[1], group, consumer, 0, row[1], 'IDLE', 3600000, 'JUSTID')
  local hand = inHand[row[1]]
  if hand and hand.token ~= '' then
    local key = ARGV[3] .. hand.order
    local stage, round, starts, last = string.match(redis.call('HGET', key, 'starts') or '', '^(%a+):(%d+):(%d+):(.*)$')
    -- Only a start that this delivery has counted.
    if stage == group and last == hand.token then
      redis.call('HSET', key, 'starts', stage .. ':' .. round .. ':' .. (tonumber(starts) - 1) .. ':')
    end
  end
end
return #held
