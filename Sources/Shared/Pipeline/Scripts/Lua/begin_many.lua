-- The router begins orders that it was just given for the first time, many in one call.
-- KEYS: accepted, events, then the orders   ARGV: the event from its seq on, consumer, the oldest and the newest entry, then the orders' entries
-- Answers {time, for each order: the order as it was placed, or '' where `step` has to look at it}
local accepted, events, consumer = KEYS[1], KEYS[2], ARGV[2]
local prefix, place, line = SOURCE.router .. ':', 'routing 1 1 2 ' .. at .. ' ', '{"t":' .. at .. ',' .. ARGV[1]
local tail = '","status":"routing","t":' .. at .. ',' .. ARGV[1]
call('XLEN', events)
local mayWrite = mayRun({ 'XADD', events, 'HSET', KEYS[3] })
local reply = { at }

local function begin(key, entry)
  if not mayWrite or not holds(accepted, 'router', consumer, entry, true) then return '' end
  local order, name = try('HMGET', key, 's', 'o', 'p', 'x', 'u'), prefix .. entry
  local state, details, user = order[1], order[2], order[5]
  local from = match(state or '', '^pending 1 1 1 %d+ ()')
  if not from or sub(state, from) ~= name or not details or isOver(order[4]) then return '' end
  local id = idOf(key)
  if order[3] == ANNOUNCED then
    call('HSET', key, 's', place .. name, '2', line)
  else
    if not add(events, 'id', id) then return '' end
    call('HSET', key, 's', place .. name, '2', line, 'p', ANNOUNCED)
  end
  publish(UPDATES .. id, '{"orderId":"' .. id .. tail, user)
  return details
end

lookAt(accepted, 'router', consumer, ARGV[3], ARGV[4], #KEYS - 2)
for number = 3, #KEYS do reply[number - 1] = begin(KEYS[number], ARGV[number + 2]) end
return answered(reply)
