-- Runs after COMMIT. Acknowledges events, marks each of them as stored in its order, and starts the time to live of orders that are final and wholly
-- stored. It does not acknowledge an event whose order cannot be read now: that event comes again.
-- KEYS: events, leaving
-- ARGV: group, prefix of order keys, time to live in ms, then for each event: entry, order id, seq
local at, ttl = milliseconds(), tonumber(ARGV[3])
local orders, all = {}, {}

for index = 4, #ARGV, 3 do
  local id = ARGV[index + 1]
  if id ~= '' and not orders[id] then
    orders[id] = marksOf(ARGV[2] .. id, id)
    all[#all + 1] = orders[id]
  end
  local order = orders[id] or {}
  if not order.isUnreadable then
    write('XACK', KEYS[1], ARGV[1], ARGV[index])
    mark(order, tonumber(ARGV[index + 2]))
  end
end
for _, order in ipairs(all) do saveMarks(order, KEYS[2], at, ttl) end
return commit(1)
