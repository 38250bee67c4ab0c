-- Deletes the mock chain's records of transactions that expired long ago, where their order is final or gone: nobody can ask for them any more.
-- KEYS: expiring, landed   ARGV: prefix of transaction keys, prefix of order keys, last slot to keep, oldest landed entry to keep, most
local pruned = 0
for _, signature in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3], 'LIMIT', 0, ARGV[5])) do
  local key = ARGV[1] .. signature
  local id = redis.call('HGET', key, 'orderId')
  local state = id and redis.call('HGET', ARGV[2] .. id, 'state')
  if not state or FINAL[state] then
    redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], signature)
    pruned = pruned + 1
  end
end
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[4])
return pruned
