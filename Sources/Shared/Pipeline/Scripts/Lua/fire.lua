-- Fires the orders of a set whose price a mark has reached, and no order at a mark that is too old. An order whose end has passed expires instead.
-- Reads everything before it writes. An order that cannot be read now stays where it is.
-- KEYS: set, sets, accepted, events, deadlines
-- ARGV: prefix of all keys, the set's name, the key of the last price that is due, time of the mark, how old it may be in ms, max, how many members
--       to skip (they were looked at and kept), message, the members of the event
-- Answers {'stale', age in ms}, or {'ok', looked at, fired, kept}
local head, name, last, skip, max = ARGV[1], ARGV[2], ARGV[3], ARGV[7], ARGV[6]
local at = milliseconds()
local age = at - tonumber(ARGV[4])
if age > tonumber(ARGV[5]) then return { 'stale', integer(age) } end

local orders, fired, kept = {}, 0, 0
local function read(id)
  if orders[id] == nil then
    local order, isUnreadable = find(head .. ORDER .. id, id)
    orders[id] = isUnreadable and 'away' or order or 'gone'
  end
  return orders[id]
end

-- Keeps the other order of a pair from firing while this one is under way.
local function hold(order)
  disarm(order)
  order.entry = HELD
  write('HSET', order.key, 's', place(order))
end

local function fire(order)
  disarm(order)
  order.state = 'pending'
  event(order, at, 'triggered', 0, ARGV[8], ARGV[9], 'pending')
  local job = add(KEYS[3], 'id', order.id, 'round', order.round)
  order.entry = function() return SOURCE.router .. ':' .. job() end
  if order.expiry ~= '' then write('ZREM', KEYS[5], order.id) end
  save(order, KEYS[4])
  fired = fired + 1
end

local function look(member)
  local key, id = string.match(member, '^(%d+):(.+)$')
  local order = id and read(id)
  if order == 'away' then
    kept = kept + 1
    return
  end
  if type(order) ~= 'table' or not STEPS.fire.from[order.state] or order.entry ~= ARMED or order.spot ~= name .. ' ' .. key then
    -- It waits elsewhere, or no longer: the member stands for nothing.
    write('ZREM', KEYS[1], member)
    return
  end
  if hasWaited(order, at) then return expireNow(order, at, KEYS[4]) end
  local other = order.sibling ~= '' and read(order.sibling)
  if other == 'away' then
    kept = kept + 1
  elseif type(other) == 'table' and STAGE[other.state] then
    hold(order)
  else
    if type(other) == 'table' and other.state == 'open' then hold(other) end
    fire(order)
  end
end

local due = redis.call('ZRANGEBYLEX', KEYS[1], '-', '(' .. last .. ';', 'LIMIT', skip, max)
for _, member in ipairs(due) do look(member) end
-- A set that is empty need not be looked at any more.
if #due == 0 and redis.call('ZCARD', KEYS[1]) == 0 then write('SREM', KEYS[2], name) end
return commit({ 'ok', #due, fired, kept })
