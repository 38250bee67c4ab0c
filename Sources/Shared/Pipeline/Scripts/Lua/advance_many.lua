-- Moves orders on by one of the usual moves, many in one call.
-- KEYS: source stream, events, stream on which orders go on, deadlines, then the orders
-- ARGV: move, then for each order: consumer, entry, id, `s` as it was seen, count of fields to set, their names and values, count of events, then for
--       each event its type, and the event from its type on
-- Answers {time, for each order: its new `s`, or '' where `step` has to look at it}
local move = MOVES[ARGV[1]]
local group = STAGE[move.from]
redis.call('XLEN', KEYS[2])
redis.call('XLEN', KEYS[3])
redis.call('ZCARD', KEYS[4])
local mayWrite = mayRun({
  'XADD', KEYS[2], 'XADD', KEYS[3], 'XDEL', KEYS[3], 'XACK', KEYS[1], 'HSET', KEYS[5], 'ZREM', KEYS[4],
})
local reply, finished, index = { at }, {}, 2

-- The next arguments as pairs.
local function pairsOf()
  local found, count = {}, tonumber(ARGV[index])
  for number = 1, count do found[number] = { ARGV[index + 2 * number - 1], ARGV[index + 2 * number] } end
  index = index + 1 + 2 * count
  return found
end

local function advance(key, consumer, entry, id, seen, fields, events)
  local name = SOURCE[group] .. ':' .. entry
  local state, round, attempt, seq, standing = string.match(seen, '^(%a+) (%d+) (%d+) (%d+) %d+ (.*)$')
  if not mayWrite or state ~= move.from or standing ~= name or not holds(KEYS[1], group, consumer, entry, move.isFirst) then return '' end
  local order = redis.pcall('HMGET', key, 's', 'p', 'x', 'u')
  local deadline = order[3]
  if order[1] ~= seen or move.expires and isOver(deadline) then return '' end

  local isAnnounced = order[2] == ANNOUNCED
  if move.handsOn then
    local onward = addTo(KEYS[3], { 'id', id, 'round', round }, not isAnnounced and KEYS[2], id)
    if not onward then return '' end
    name = move.handsOn .. ':' .. onward
  else
    if not isAnnounced and not add(KEYS[2], 'id', id) then return '' end
    if move.finishes then name = '' end
  end
  local place = move.to .. ' ' .. round .. ' ' .. attempt .. ' ' .. integer(seq + #events) .. ' ' .. at .. ' ' .. name
  local texts = textsOf(seq + 1, events)
  local row = { 'HSET', key, 's', place, integer(seq + 1), linesOf(texts) }
  for _, field in ipairs(fields) do put(row, field[1], field[2]) end
  if not isAnnounced then put(row, 'p', ANNOUNCED) end
  if FINAL[move.to] then
    if order[4] then put(row, 'e', at) end
    if deadline then redis.call('ZREM', KEYS[4], id) end
  end
  redis.call(unpack(row))
  if move.finishes then finished[#finished + 1] = entry end
  announce(id, order[4], events, texts)
  return place
end

for number = 5, #KEYS do
  local consumer, entry, id, seen = ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  index = index + 4
  local fields = pairsOf()
  reply[#reply + 1] = advance(KEYS[number], consumer, entry, id, seen, fields, pairsOf())
end
if finished[1] then redis.call('XACK', KEYS[1], group, unpack(finished)) end
return answered(reply)
