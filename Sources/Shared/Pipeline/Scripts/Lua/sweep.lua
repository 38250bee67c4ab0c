-- Fails orders that are past their deadline and have no transaction under way.
-- KEYS: deadlines, events   ARGV: prefix of order keys, most
local at = milliseconds()
local failed = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. integer(at), 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', KEYS[1], id)
  local order = load(ARGV[1] .. id, id)
  if order and not FINAL[order.state] and order.state ~= 'submitted' then
    failNow(order, at, KEYS[1], 'DEADLINE_EXCEEDED')
    save(order, KEYS[2])
    failed = failed + 1
  end
end
return failed
