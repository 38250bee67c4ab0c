-- After COMMIT: acknowledges events and marks each as stored in its order; lets go of orders that are final and stored whole.
-- KEYS: events, leaving   ARGV: group, prefix of order keys, time to live in ms, then triples of entry, order id, seq
local at, ttl = milliseconds(), tonumber(ARGV[3])
-- Far above what an order comes to: a count in a hash that is wrong must not fill Redis' memory with marks.
local MOST_EVENTS = 100000

-- Only what `leave` needs: a batch is hundreds of events.
local function loadMarks(id)
  local key = ARGV[2] .. id
  local values = redis.call('HMGET', key, 'state', 'seq', 'stored', 'entry', 'user')
  if not values[1] then return nil end
  return {
    key = key, id = id, state = values[1], seq = tonumber(values[2]), stored = values[3] or '', entry = values[4] or '', user = values[5] or '',
  }
end

for index = 4, #ARGV, 3 do
  local id, seq = ARGV[index + 1], tonumber(ARGV[index + 2])
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[index])
  local order = id ~= '' and loadMarks(id) or nil
  if order and seq >= 1 and seq <= order.seq and seq <= MOST_EVENTS and string.sub(order.stored, seq, seq) ~= '1' then
    local marks = order.stored .. string.rep('0', seq - #order.stored)
    order.stored = string.sub(marks, 1, seq - 1) .. '1' .. string.sub(marks, seq + 1)
    redis.call('HSET', order.key, 'stored', order.stored)
    leave(order, KEYS[2], at, ttl)
  end
end
return 1
