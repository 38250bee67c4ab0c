-- Deletes one page of the mock chain's records of transactions that expired long ago and whose order is final or gone: no executor can ask for them
-- any more. Also deletes the oldest entries of the ledger.
-- KEYS: expiring, landed
-- ARGV: prefix of transaction keys, prefix of order keys, last slot to keep, oldest landed entry to keep, max entries of a page,
--       how many of the oldest records to skip (they were looked at and kept)
-- Answers {looked at, kept, ledger entries cut off}
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[6], ARGV[5])
local over = {}
for _, signature in ipairs(found) do
  local id = redis.call('HGET', ARGV[1] .. signature, 'orderId')
  local order = id and placeOf(redis.call('HGET', ARGV[2] .. id, 's') or '')
  if not order or FINAL[order.state] then over[#over + 1] = signature end
end

for _, signature in ipairs(over) do
  write('DEL', ARGV[1] .. signature)
  write('ZREM', KEYS[1], signature)
end
commit()
-- Whole nodes first. If no whole node is left, less than a node remains, and the exact cut takes it.
local cut = redis.call('XTRIM', KEYS[2], 'MINID', '~', ARGV[4], 'LIMIT', 5000)
if cut == 0 then redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[4]) end
return { #found, #found - #over, cut }
