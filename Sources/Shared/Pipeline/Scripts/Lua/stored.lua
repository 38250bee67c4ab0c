-- Runs after COMMIT. Acknowledges entries of orders that were stored. If an order is still where it was stored, nothing of it is left to store, and
-- if it is over its time to live begins. If it has gone on, a new entry stands for its newer events. Does not acknowledge an entry whose order cannot
-- be read now: that entry comes again.
-- KEYS: events, leaving
-- ARGV: group, prefix of order keys, time to live in ms, then for each entry: entry, order id, `s` as it was stored ('' if Redis had no such order)
local at, ttl = milliseconds(), tonumber(ARGV[3])
local done, settled = { 'XACK', KEYS[1], ARGV[1] }, {}

-- Whether the order can be read. A batch is hundreds of orders, so only what is needed is read.
local function settleOne(id, stored)
  local key = ARGV[2] .. id
  local values = redis.pcall('HMGET', key, 's', 'u')
  local order = not values.err and values[1] and placeOf(values[1])
  if values.err or values[1] and not order then
    note('unreadable', values.err or unreadableText(key))
    return false
  end
  settled[id] = true
  if not order then return true end
  isProbed[key] = true
  if values[1] == stored then
    order.key, order.id, order.user = key, id, values[2] or ''
    settle(order, KEYS[2], at, ttl)
  else
    add(KEYS[1], 'id', id)
  end
  return true
end

for index = 4, #ARGV, 3 do
  local id, stored = ARGV[index + 1], ARGV[index + 2]
  if stored == '' or settled[id] or settleOne(id, stored) then done[#done + 1] = ARGV[index] end
end
if done[4] then write(unpack(done)) end
return commit(1)
