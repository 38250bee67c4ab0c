-- What stands for an order: the one entry or retry from which the order goes on.
-- KEYS: order, accepted, routed, retries   ARGV: id
-- Answers {now, 'gone' | 'final' | 'armed' | 'waiting' | 'retry' | 'held' | 'nothing', time of the newest event}
local order = load(KEYS[1], ARGV[1])
local at = integer(milliseconds())
if not order then return { at, 'gone', at } end

local function standing()
  if FINAL[order.state] then return 'final' end
  local member = retryOf(order)
  if member then return redis.call('ZSCORE', KEYS[4], member) and 'retry' or 'nothing' end
  if order.entry == ARMED then
    for _, spot in ipairs(spotsOf(order)) do
      if not redis.call('ZSCORE', headOf(order) .. WAITS .. ':' .. spot.set, spot.member) then return 'nothing' end
    end
    return 'armed'
  end
  if order.entry == HELD then
    local other = order.sibling ~= '' and find(headOf(order) .. ORDER .. order.sibling, order.sibling)
    return other and STAGE[other.state] and 'armed' or 'nothing'
  end
  local source, entry = string.match(order.entry, '^(%a+):(.+)$')
  local group = READER[source or '']
  if not group then return 'nothing' end
  local stream = group == 'router' and KEYS[2] or KEYS[3]
  if pending(stream, group, entry) then return 'held' end
  local reader, isUnreadable = groupOf(stream, group)
  if isUnreadable or #redis.call('XRANGE', stream, entry, entry) == 0 then return 'nothing' end
  -- A group that is missing will be made again and then begins with the first entry.
  if not reader then return 'waiting' end
  return #redis.call('XRANGE', stream, '(' .. reader['last-delivered-id'], entry, 'COUNT', 1) > 0 and 'waiting' or 'nothing'
end

return { at, standing(), integer(order.at) }
