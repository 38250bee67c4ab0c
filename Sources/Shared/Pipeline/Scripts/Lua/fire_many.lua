-- Fires the orders of a set whose price a mark has reached, as `fire` does, many in one call. Leaves those that `fire` has to look at: one of a pair,
-- one whose trigger trails, one whose end has passed, one that is not where its member says, or one that cannot be read.
-- KEYS: set, accepted, events, deadlines
-- ARGV: prefix of all keys, the set's name, the key of the last price that is due, time of the mark, how old it may be in ms, max, how many members
--       to skip, message, the members of the event
-- Answers {'stale', age in ms}, or {'ok', looked at, fired, left}
local set, accepted, events, deadlines = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local orders, place = ARGV[1] .. ORDER, ARGV[2] .. ' '
local age = now - tonumber(ARGV[4])
if age > tonumber(ARGV[5]) then return { 'stale', integer(age) } end

local head = '{"t":' .. at .. ',"seq":'
local middle = ',"type":"triggered","status":"pending","progress":0,"message":"' .. ARGV[8] .. '","attempt":'
local tail = ',' .. ARGV[9] .. '}'
local due = call('ZRANGEBYLEX', set, '-', '(' .. ARGV[3] .. ';', 'LIMIT', ARGV[7], ARGV[6])
call('XLEN', accepted)
call('XLEN', events)
call('ZCARD', deadlines)
local mayWrite = mayRun({
  'XADD', accepted, 'XDEL', accepted, 'XADD', events, 'HSET', orders, 'ZREM', set, 'ZREM', deadlines,
})
-- Members of the set, and ids among the deadlines, of the orders that have fired.
local fired, ended = {}, {}

local function fire(member)
  local key = orders .. idOf(member)
  local order = try('HMGET', key, 's', 'w', 'c', 'n', 'p', 'u', 'y')
  local round, attempt, seq = match(order[1] or '', '^open (%d+) (%d+) (%d+) %d+ waits$')
  if not round or order[3] or order[4] or order[2] ~= place .. sub(member, 1, -38) then return end
  if isOver(order[7]) then return end
  local id, isAnnounced, user = idOf(member), order[5] == ANNOUNCED, order[6]
  local entry = addRound(accepted, id, round, not isAnnounced and events)
  if not entry then return end
  local number = integer(seq + 1)
  local line = head .. number .. middle .. attempt .. tail
  local after = 'pending ' .. round .. ' ' .. attempt .. ' ' .. number .. ' ' .. at .. ' ' .. SOURCE.router .. ':' .. entry
  call('HSET', key, 's', after, number, line, unpack(isAnnounced and NOTHING or { 'p', ANNOUNCED }))
  fired[#fired + 1] = member
  if order[7] then ended[#ended + 1] = id end
  publish(UPDATES .. id, '{"orderId":"' .. id .. '",' .. sub(line, 2), user)
end

if mayWrite then
  for _, member in ipairs(due) do fire(member) end
end
if fired[1] then call('ZREM', set, unpack(fired)) end
if ended[1] then call('ZREM', deadlines, unpack(ended)) end
return answered({ 'ok', #due, #fired, #due - #fired })
