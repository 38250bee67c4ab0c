-- Resets the idle time of the entries in hand that the caller still owns. Answers which others have, and which nobody has: these are finished.
-- A bare XCLAIM would steal the lost ones from the worker that has taken them over.
-- KEYS: stream   ARGV: group, consumer, ids (in the order of the stream: then one look finds all)
local group, consumer = ARGV[1], ARGV[2]
local isOwn, own, lost, over = {}, {}, {}, {}
local found = redis.pcall('XPENDING', KEYS[1], group, ARGV[3], ARGV[#ARGV], #ARGV, consumer)
for _, row in ipairs(found.err and {} or found) do isOwn[row[1]] = true end

-- The list that an entry belongs to. Whoever the look has missed is looked up alone.
local function list(entry)
  if isOwn[entry] then return own end
  local claim = pending(KEYS[1], group, entry)
  return claim and (claim[2] == consumer and own or lost) or over
end

for index = 3, #ARGV do
  local found = list(ARGV[index])
  found[#found + 1] = ARGV[index]
end
if #own > 0 then
  own[#own + 1] = 'JUSTID'
  redis.call('XCLAIM', KEYS[1], group, consumer, 0, unpack(own))
end
return { lost, over }
