-- After COMMIT: acknowledges events and marks each as stored in its order; lets go of orders that are final and stored whole. An event whose order
-- cannot be read now is not acknowledged: it comes again.
-- KEYS: events, leaving   ARGV: group, prefix of order keys, time to live in ms, then triples of entry, order id, seq
local at, ttl = milliseconds(), tonumber(ARGV[3])
-- Far above what an order comes to: a count in a hash that is wrong must not fill Redis' memory with marks.
local MOST_EVENTS = 100000
local orders, marked = {}, {}

-- Only what `leave` needs: a batch is hundreds of events.
local function marksOf(id)
  local key = ARGV[2] .. id
  local values = redis.pcall('HMGET', key, 'state', 'seq', 'stored', 'entry', 'user')
  if values.err then
    note('unreadable', values.err)
    return { isUnreadable = true }
  end
  if not values[1] then return {} end
  return {
    key = key, id = id, state = values[1], seq = tonumber(values[2]), stored = values[3] or '', entry = values[4] or '', user = values[5] or '',
  }
end

local function mark(order, seq)
  if not order.key or seq < 1 or seq > order.seq or seq > MOST_EVENTS or string.sub(order.stored, seq, seq) == '1' then return end
  local marks = order.stored .. string.rep('0', seq - #order.stored)
  order.stored = string.sub(marks, 1, seq - 1) .. '1' .. string.sub(marks, seq + 1)
  if not order.isMarked then marked[#marked + 1] = order end
  order.isMarked = true
end

for index = 4, #ARGV, 3 do
  local id = ARGV[index + 1]
  if id ~= '' and not orders[id] then orders[id] = marksOf(id) end
  local order = orders[id] or {}
  if not order.isUnreadable then
    write('XACK', KEYS[1], ARGV[1], ARGV[index])
    mark(order, tonumber(ARGV[index + 2]))
  end
end
for _, order in ipairs(marked) do
  write('HSET', order.key, 'stored', order.stored)
  leave(order, KEYS[2], at, ttl)
end
return commit(1)
