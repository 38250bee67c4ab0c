-- Resets the idle time of the entries in hand that the caller still owns, and answers which it has lost.
-- A bare XCLAIM would steal the lost ones from the worker that has taken them over.
-- KEYS: stream   ARGV: group, consumer, ids (in the order of the stream: then one look finds all)
local group, consumer = ARGV[1], ARGV[2]
local isOwn, own, lost = {}, {}, {}
local found = redis.pcall('XPENDING', KEYS[1], group, ARGV[3], ARGV[#ARGV], #ARGV, consumer)
for _, row in ipairs(found.err and {} or found) do isOwn[row[1]] = true end

-- Whoever the look has missed is looked up alone.
local function owns(entry)
  local claim = not isOwn[entry] and pending(KEYS[1], group, entry)
  return isOwn[entry] or claim and claim[2] == consumer
end

for index = 3, #ARGV do
  if owns(ARGV[index]) then own[#own + 1] = ARGV[index] else lost[#lost + 1] = ARGV[index] end
end
if #own > 0 then
  own[#own + 1] = 'JUSTID'
  redis.call('XCLAIM', KEYS[1], group, consumer, 0, unpack(own))
end
return lost
