-- Resets the idle time of the entries in hand that the caller still owns, and answers which it has lost.
-- A bare XCLAIM would steal the lost ones from the worker that has taken them over.
-- KEYS: stream   ARGV: group, consumer, ids
local lost = {}
for index = 3, #ARGV do
  local claim = pending(KEYS[1], ARGV[1], ARGV[index])
  if claim and claim[2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[index], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[index]
  end
end
return lost
