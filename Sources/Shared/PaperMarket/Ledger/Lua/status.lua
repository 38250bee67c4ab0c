-- Applies due outcomes on the mock chain, then answers the state of each signature.
-- KEYS: due, landed   ARGV: prefix of transaction keys, slot length in ms, signatures
-- Answers {slot, {state, slot, amount out, code, ms until the outcome is due}, ...} with state one of unknown, sent, landed, failed
local clock = readClock()
local at, slotLength = clock.at, tonumber(ARGV[2])
local NAMES = { 'outcome', 'slot', 'orderId', 'leg', 'attempt', 'dex', 'amountIn', 'amountOut', 'code', 'landsAt' }
local STATES = { lands = 'sent', fails = 'sent', landed = 'landed', failed = 'failed' }
local read = {}

local function transaction(signature)
  if read[signature] then return read[signature] end
  local tx = {}
  for index, value in ipairs(redis.call('HMGET', ARGV[1] .. signature, unpack(NAMES))) do tx[NAMES[index]] = value or '' end
  read[signature] = tx
  return tx
end

-- Applies a due outcome. A transaction that was pruned meanwhile is only removed from the set.
local function apply(signature, tx)
  write('ZREM', KEYS[1], signature)
  if tx.outcome ~= 'lands' and tx.outcome ~= 'fails' then return end
  tx.outcome = tx.outcome == 'lands' and 'landed' or 'failed'
  tx.slot = integer(math.floor((tonumber(tx.landsAt) or at) / slotLength))
  write('HSET', ARGV[1] .. signature, 'outcome', tx.outcome, 'slot', tx.slot)
  if tx.outcome == 'landed' then
    add(KEYS[2], 'signature', signature, 'orderId', tx.orderId, 'leg', tx.leg, 'attempt', tx.attempt, 'dex', tx.dex, 'amountIn', tx.amountIn,
      'amountOut', tx.amountOut, 'slot', tx.slot)
  end
end

for _, signature in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', integer(at), 'LIMIT', 0, 1000)) do
  apply(signature, transaction(signature))
end
local answer, isUnknown = { integer(math.floor(at / slotLength)) }, false
for index = 3, #ARGV do
  local tx = transaction(ARGV[index])
  local state = STATES[tx.outcome] or 'unknown'
  isUnknown = isUnknown or state == 'unknown'
  answer[#answer + 1] = { state, tx.slot, tx.amountOut, tx.code, math.max(0, (tonumber(tx.landsAt) or at) - at) }
end
-- An executor that is told `unknown` after the last valid slot signs anew. After that no send may run in an earlier slot.
keepTime(clock, isUnknown)
return commit(answer)
