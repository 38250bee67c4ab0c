-- Deletes the mock chain's records of transactions that expired long ago, where their order is final or gone: nobody can ask for them any more; and
-- the oldest entries of its ledger. A page at a time.
-- KEYS: expiring, landed   ARGV: prefix of transaction keys, prefix of order keys, last slot to keep, oldest landed entry to keep, page size,
--       how many of the oldest records to pass over, because they were looked at and kept
-- Answers {looked at, kept, cut off the ledger}
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[6], ARGV[5])
local over = {}
for _, signature in ipairs(found) do
  local id = redis.call('HGET', ARGV[1] .. signature, 'orderId')
  local state = id and redis.call('HGET', ARGV[2] .. id, 'state')
  if not state or FINAL[state] then over[#over + 1] = signature end
end

for _, signature in ipairs(over) do
  write('DEL', ARGV[1] .. signature)
  write('ZREM', KEYS[1], signature)
end
commit()
-- Whole nodes first; what is left then is less than a node.
local cut = redis.call('XTRIM', KEYS[2], 'MINID', '~', ARGV[4], 'LIMIT', 5000)
if cut == 0 then redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[4]) end
return { #found, #found - #over, cut }
