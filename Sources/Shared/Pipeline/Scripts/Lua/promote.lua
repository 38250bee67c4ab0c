-- Hands due retries back to their streams.
-- KEYS: retries, accepted, routed, leaving   ARGV: prefix of order keys, most, time to live in ms
local at = milliseconds()
local promoted = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, ARGV[2])) do
  local target, id, round = string.match(member, '^(%a+):([^:]+):(%d+)$')
  redis.call('ZREM', KEYS[1], member)
  local order = id and load(ARGV[1] .. id, id)
  -- Under another entry of its round the order may have gone on meanwhile; what stands for it then must keep its name.
  if order and order.entry == 'retries ' .. member then
    if FINAL[order.state] then
      dismiss(order, 'retries ' .. member, KEYS[4], at, ARGV[3])
    else
      local entry = redis.call('XADD', target == 'accepted' and KEYS[2] or KEYS[3], '*', 'id', id, 'round', round)
      redis.call('HSET', order.key, 'entry', target .. ' ' .. entry)
      promoted = promoted + 1
    end
  end
end
return promoted
