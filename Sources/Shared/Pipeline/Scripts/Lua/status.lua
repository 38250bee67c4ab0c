-- Applies what is due on the mock chain, then tells the state of each signature.
-- KEYS: due, landed   ARGV: prefix of transaction keys, ms a slot, signatures
-- Answers {slot, {state, slot, amount out, code}, ...} with state one of unknown, sent, landed, failed
local at, slotLength = milliseconds(), tonumber(ARGV[2])
for _, signature in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, 1000)) do
  local key = ARGV[1] .. signature
  local tx = redis.call('HMGET', key, 'outcome', 'orderId', 'leg', 'attempt', 'dex', 'amountIn', 'amountOut', 'landsAt')
  local slot = integer(math.floor((tonumber(tx[8]) or at) / slotLength))
  if tx[1] == 'lands' then
    redis.call('HSET', key, 'outcome', 'landed', 'slot', slot)
    redis.call('XADD', KEYS[2], '*', 'signature', signature, 'orderId', tx[2], 'leg', tx[3], 'attempt', tx[4], 'dex', tx[5],
      'amountIn', tx[6], 'amountOut', tx[7], 'slot', slot)
  elseif tx[1] == 'fails' then
    redis.call('HSET', key, 'outcome', 'failed', 'slot', slot)
  end
  redis.call('ZREM', KEYS[1], signature)
end
local STATES = { lands = 'sent', fails = 'sent', landed = 'landed', failed = 'failed' }
local answer = { integer(math.floor(at / slotLength)) }
for index = 3, #ARGV do
  local tx = redis.call('HMGET', ARGV[1] .. ARGV[index], 'outcome', 'slot', 'amountOut', 'code')
  answer[#answer + 1] = { STATES[tx[1] or ''] or 'unknown', tx[2] or '', tx[3] or '', tx[4] or '' }
end
return answer
