-- Fails orders that are past their deadline and have no transaction under way, ends those that have waited to their end, and keeps the time. An order
-- that cannot be read now is left for later.
-- KEYS: deadlines, events   ARGV: prefix of order keys, max
-- Answers {looked at, failed, expired}
local clock = readClock()
local at = clock.at
keepTime(clock)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. integer(at), 'LIMIT', 0, ARGV[2])
local failed, expired = 0, 0
for _, id in ipairs(due) do
  local order, isUnreadable = find(ARGV[1] .. id, id)
  if isUnreadable then postpone(KEYS[1], id, at) else write('ZREM', KEYS[1], id) end
  if order and STEPS.expire.from[order.state] then
    expireNow(order, at, KEYS[2])
    expired = expired + 1
  elseif order and order.deadline ~= '' and STEPS.miss.from[order.state] then
    failNow(order, at, KEYS[1], 'DEADLINE_EXCEEDED')
    save(order, KEYS[2])
    failed = failed + 1
  end
end
return commit({ #due, failed, expired })
