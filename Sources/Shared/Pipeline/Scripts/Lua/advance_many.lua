-- Moves orders on by one of the usual moves, many in one call.
-- KEYS: source stream, events, stream on which orders go on, deadlines, then the orders
-- ARGV: move, consumer, the oldest and the newest entry, count of fields to set, their names, count of events, their types,
--       then for each order: entry, the middle of `s` as the worker has seen it (` round attempt seq at `), values of the fields, events from their
--       seq on
-- Answers {time, for each order: its new `s`, or '' where `step` has to look at it}
local move, consumer, set = MOVES[ARGV[1]], ARGV[2], tonumber(ARGV[5])
local source, events, onward, deadlines, group = KEYS[1], KEYS[2], KEYS[3], KEYS[4], STAGE[move.from]
local from, handsOn, finishes, expires, isFinal, isFirst = move.from, move.handsOn, move.finishes, move.expires, FINAL[move.to], move.isFirst
local prefix = SOURCE[group] .. ':'
local count, typesAt = tonumber(ARGV[6 + set]), 6 + set
local reply, finished = { at }, {}
-- What a message has between the order's id and the event; all pieces of the lines of an order.
local between, pieces = {}, {}
for number = 1, count do
  between[number] = '","status":"' .. ARGV[typesAt + number] .. '","t":' .. at .. ','
  pieces[2 * number - 1] = (number > 1 and '\n' or '') .. '{"t":' .. at .. ','
end
call('XLEN', events)
call('XLEN', onward)
call('ZCARD', deadlines)
local mayWrite = mayRun({ 'XADD', events, 'XADD', onward, 'XDEL', onward, 'XACK', source, 'HSET', KEYS[5], 'ZREM', deadlines })

-- What follows from the middle of a place, which many orders of a call have in common: the round, the middle of the next place as far as its time,
-- and the seq of the first event.
local nexts = {}
local function nextOf(middle)
  local found = nexts[middle]
  if not found then
    local round, attempt, seq = match(middle, '^ (%d+) (%d+) (%d+) ')
    found = { round, move.to .. ' ' .. round .. ' ' .. attempt .. ' ' .. integer(seq + count) .. ' ' .. at .. ' ', integer(seq + 1) }
    nexts[middle] = found
  end
  return found
end

-- What has to be known of an order: who counts it, whether it is one of a pair and whether orders follow it, only if it ends.
local function read(key)
  if isFinal then return try('HMGET', key, 's', 'p', 'x', 'u', 'h', 'c', 'q') end
  return try('HMGET', key, 's', 'p', 'x', 'u')
end

-- Whether an order can be taken off the count of its account: `account` is nil if none counts it.
local function isCountable(key, account)
  if not account then return true end
  local open = openOf(key, account)
  return type(try('ZCARD', open)) == 'number' and mayRun({ 'ZREM', open })
end

-- The lines of the events whose first argument is at `first`.
local function linesAt(first)
  if count == 1 then return pieces[1] .. ARGV[first] end
  for number = 1, count do pieces[2 * number] = ARGV[first + number - 1] end
  return table.concat(pieces)
end

-- What the move sets besides the place and the events: fields, whose first value is at `first`, and what follows from the move.
local function fieldsAt(first, isAnnounced, ends)
  local fields = {}
  for number = 1, set do fields[2 * number - 1], fields[2 * number] = ARGV[5 + number], ARGV[first + number - 1] end
  if not isAnnounced then fields[#fields + 1], fields[#fields + 2] = 'p', ANNOUNCED end
  if ends then fields[#fields + 1], fields[#fields + 2] = 'e', at end
  return fields
end

-- Takes the move of the order whose arguments begin at `first`.
local function advance(key, first)
  local entry, middle, text = ARGV[first], ARGV[first + 1], first + 2 + set
  if not mayWrite or not holds(source, group, consumer, entry, isFirst) then return '' end
  local order, name = read(key), prefix .. entry
  local deadline, user, account = order[3], order[4], order[5]
  if order[6] or order[7] then return '' end
  if order[1] ~= from .. middle .. name or expires and isOver(deadline) or not isCountable(key, account) then return '' end

  local after, id, isAnnounced = nextOf(middle), idOf(key), order[2] == ANNOUNCED
  if handsOn then
    local added = addRound(onward, id, after[1], not isAnnounced and events)
    if not added then return '' end
    name = handsOn .. ':' .. added
  else
    if not isAnnounced and not add(events, 'id', id) then return '' end
    if finishes then name = '' end
  end
  local place, ends = after[2] .. name, isFinal and user
  local hasMore = set > 0 or not isAnnounced or ends
  call('HSET', key, 's', place, after[3], linesAt(text), unpack(hasMore and fieldsAt(first + 2, isAnnounced, ends) or NOTHING))
  if isFinal and deadline then call('ZREM', deadlines, id) end
  if account then call('ZREM', openOf(key, account), id) end
  if finishes then finished[#finished + 1] = entry end
  local channel = UPDATES .. id
  for number = 1, count do publish(channel, '{"orderId":"' .. id .. between[number] .. ARGV[text + number - 1], user) end
  return place
end

lookAt(source, group, consumer, ARGV[3], ARGV[4], #KEYS - 4)
local index = typesAt + count + 1
for number = 5, #KEYS do
  reply[number - 3] = advance(KEYS[number], index)
  index = index + 2 + set + count
end
if finished[1] then call('XACK', source, group, unpack(finished)) end
return answered(reply)
