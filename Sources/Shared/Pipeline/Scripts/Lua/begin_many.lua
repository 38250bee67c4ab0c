-- The router begins orders that it was just given for the first time, many in one call.
-- KEYS: accepted, events, then the orders   ARGV: the event from its type on, then for each order: consumer, entry, id
-- Answers {time, for each order: the order as it was placed, or '' where `step` has to look at it}
local events = { { 'routing', ARGV[1] } }
local texts = textsOf(2, events)
redis.call('XLEN', KEYS[2])
local mayWrite = mayRun({ 'XADD', KEYS[2], 'HSET', KEYS[3] })
local reply = { at }
for number = 3, #KEYS do
  local key, index = KEYS[number], 3 * number - 7
  local consumer, entry, id = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local details = ''
  if mayWrite and holds(KEYS[1], 'router', consumer, entry, true) then
    local order = redis.pcall('HMGET', key, 's', 'o', 'p', 'x', 'u')
    local isUsual = string.match(order[1] or '', '^pending 1 1 1 %d+ (.*)$') == SOURCE.router .. ':' .. entry
    local isAnnounced = order[3] == ANNOUNCED
    if isUsual and order[2] and not isOver(order[4]) and (isAnnounced or add(KEYS[2], 'id', id)) then
      details = order[2]
      local row = { 'HSET', key, 's', 'routing 1 1 2 ' .. at .. ' ' .. SOURCE.router .. ':' .. entry, '2', linesOf(texts) }
      if not isAnnounced then put(row, 'p', ANNOUNCED) end
      redis.call(unpack(row))
      announce(id, order[5], events, texts)
    end
  end
  reply[#reply + 1] = details
end
return answered(reply)
