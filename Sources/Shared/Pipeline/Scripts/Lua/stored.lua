-- Runs after COMMIT. Acknowledges entries of orders that were stored. If an order is still where it was stored, nothing of it is left to store, and
-- if it is over its time to live begins. If it has gone on, a new entry stands for its newer events. Does not acknowledge an entry whose order cannot
-- be read now: that entry comes again.
-- KEYS: events, leaving
-- ARGV: group, prefix of order keys, time to live in ms, then for each entry: entry, order id, `s` as it was stored ('' if Redis had no such order)
local events, leaving, group, prefix, ttl = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local leaves = integer(now + tonumber(ttl))
-- Entries to acknowledge; orders that were looked at; orders that have gone on; keys of orders that are stored, and of those that leave Redis;
-- members of `leaving` with their scores.
local done, settled, ahead, whole, over, members = {}, {}, {}, {}, {}, {}

-- Whether the order can be read. A batch is hundreds of orders, so only what is needed is read.
local function settle(id, stored)
  local key = prefix .. id
  local order = try('HMGET', key, 's', 'u')
  local place, user = order[1], order[2]
  local state, entry = match(place or '', '^(%a+) %d+ %d+ %d+ %d+ ()')
  if order.err or place and not STATUS[state] then
    note(away, order.err or 'ERR ' .. key .. ' holds no order that this version can read')
    return false
  end
  settled[id] = true
  if not place then return true end
  if place ~= stored then
    ahead[#ahead + 1] = id
    return true
  end
  whole[#whole + 1] = key
  if not FINAL[state] or entry <= #place then return true end
  over[#over + 1] = key
  if user and user ~= '' then members[#members + 1], members[#members + 2] = leaves, id .. ':' .. user end
  return true
end

for index = 4, #ARGV, 3 do
  local id, stored = ARGV[index + 1], ARGV[index + 2]
  if stored == '' or settled[id] or settle(id, stored) then done[#done + 1] = ARGV[index] end
end

call('XLEN', events)
demand('XACK', events, group, '0-0')
if ahead[1] then demand('XADD', events, '*', 'id', '') end
if whole[1] then demand('HDEL', whole[1], '') end
if over[1] then demand('PEXPIRE', over[1], ttl) end
if members[1] then
  call('ZCARD', leaving)
  demand('ZADD', leaving, '0', '')
end
addAll(events, ahead, function(id) return 'id', id end)
for _, key in ipairs(whole) do call('HDEL', key, 'p') end
for _, key in ipairs(over) do call('PEXPIRE', key, ttl) end
if members[1] then call('ZADD', leaving, unpack(members)) end
if done[1] then call('XACK', events, group, unpack(done)) end
return answered(1)
