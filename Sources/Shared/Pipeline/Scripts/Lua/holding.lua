-- What a consumer holds, for the scripts that move many orders which it has in hand.

-- How often each entry was delivered that is known to be in the consumer's hands.
local deliveries = {}

local function look(stream, group, consumer, first, last, count)
  for _, row in ipairs(call('XPENDING', stream, group, first, last, count, consumer)) do deliveries[row[1]] = row[4] end
end

-- Looks at the entries of a call, of which `first` and `last` are the oldest and the newest. The consumer may hold others between them, so the look
-- is limited: those that it does not find are looked at alone.
local function lookAt(stream, group, consumer, first, last, count)
  if count > 1 then look(stream, group, consumer, first, last, math.ceil(1.5 * count)) end
end

-- Whether a consumer holds an entry; with `isFirst`, whether by its first delivery.
local function holds(stream, group, consumer, entry, isFirst)
  if not deliveries[entry] then look(stream, group, consumer, entry, entry, 1) end
  local count = deliveries[entry]
  return count and (not isFirst or count == 1)
end
