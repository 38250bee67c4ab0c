-- Hands due retries back to their streams, or to where orders wait for their price. A retry whose order cannot be read now is left for later.
-- KEYS: retries, accepted, routed, leaving   ARGV: prefix of order keys, max, time to live in ms
-- Answers {looked at, handed back}
local at = milliseconds()
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', integer(at), 'LIMIT', 0, ARGV[2])
local promoted, orders = 0, {}

local function promote(member, order)
  local target, id, round = string.match(member, '^(%a+):([^:]+):(%d+)$')
  write('ZREM', KEYS[1], member)
  -- The order may have gone on meanwhile with another entry of its round. Its `entry` must then stay.
  if not order or retryOf(order) ~= member then return end
  if FINAL[order.state] then return dismiss(order, order.entry, KEYS[4], at, tonumber(ARGV[3])) end
  if target == WAITS then
    arm(order)
  else
    local entry = add(target == SOURCE.router and KEYS[2] or KEYS[3], 'id', id, 'round', round)
    order.entry = function() return target .. ':' .. entry() end
  end
  write('HSET', order.key, 's', function() return place(order) end)
  promoted = promoted + 1
end

for _, member in ipairs(due) do
  local id = string.match(member, '^%a+:([^:]+):%d+$')
  local isUnreadable = false
  -- Each order is read once: the next member of the same order sees what this one changed.
  if id and not orders[id] then orders[id], isUnreadable = find(ARGV[1] .. id, id) end
  if isUnreadable then postpone(KEYS[1], member, at) else promote(member, id and orders[id]) end
end
return commit({ #due, promoted })
