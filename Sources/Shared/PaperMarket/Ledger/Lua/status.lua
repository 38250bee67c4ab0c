-- Applies due outcomes on the mock chain, then answers the state of each signature.
-- KEYS: due, landed   ARGV: prefix of transaction keys, slot length in ms, signatures
-- Answers the slot, then for each signature: state (unknown, sent, landed or failed), slot, amount out, code, ms until the outcome is due
local due, landed, prefix, slotLength = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local STATES = { lands = 'sent', fails = 'sent', landed = 'landed', failed = 'failed' }
-- By signature: what is known after this run. The signatures of due transactions: those that are known, and those of them that land.
local states, applied, entries = {}, {}, {}

local function slotOf(landsAt) return integer(math.floor((tonumber(landsAt) or now) / slotLength)) end

-- Finds out what becomes of a due transaction. Of one that was pruned meanwhile nothing is left to write.
local function apply(signature)
  local tx = call('HMGET', prefix .. signature, 'outcome', 'amountOut', 'code', 'landsAt', 'orderId', 'leg', 'attempt', 'dex', 'amountIn')
  local outcome = tx[1]
  if outcome ~= 'lands' and outcome ~= 'fails' then return end
  tx.state, tx.slot = outcome == 'lands' and 'landed' or 'failed', slotOf(tx[4])
  states[signature] = tx
  applied[#applied + 1] = signature
  if outcome == 'lands' then entries[#entries + 1] = signature end
end

-- The state of a transaction, its slot, amount out and code, and in how many ms its outcome is due.
local function look(signature)
  local tx = states[signature]
  if tx then return tx.state, tx.slot, tx[2] or '', tx[3] or '', 0 end
  local found = call('HMGET', prefix .. signature, 'outcome', 'slot', 'amountOut')
  local state = STATES[found[1]] or 'unknown'
  if state == 'landed' then return state, found[2], found[3], '', 0 end
  local more = call('HMGET', prefix .. signature, 'code', 'landsAt')
  return state, found[2] or '', found[3] or '', more[1] or '', math.max(0, (tonumber(more[2]) or now) - now)
end

local over = call('ZRANGEBYSCORE', due, '-inf', at, 'LIMIT', 0, 1000)
for _, signature in ipairs(over) do apply(signature) end
local answer, isUnknown = { integer(math.floor(now / slotLength)) }, false
for index = 3, #ARGV do
  local last = #answer
  answer[last + 1], answer[last + 2], answer[last + 3], answer[last + 4], answer[last + 5] = look(ARGV[index])
  isUnknown = isUnknown or answer[last + 1] == 'unknown'
end
-- An executor that is told `unknown` after the last valid slot signs anew. After that no send may run in an earlier slot.
local keeps = keeping(clock, isUnknown)

-- Whether these writes would be refused.
if keeps then demand(unpack(keeps)) end
if over[1] then demand('ZREM', due, '') end
if applied[1] then demand('HSET', prefix .. applied[1], '', '') end
if entries[1] then
  call('XLEN', landed)
  demand('XADD', landed, '*', '', '')
  demand('XDEL', landed, '0-0')
end
addAll(landed, entries, function(signature)
  local tx = states[signature]
  return 'signature', signature, 'orderId', tx[5] or '', 'leg', tx[6] or '', 'attempt', tx[7] or '', 'dex', tx[8] or '', 'amountIn', tx[9] or '',
    'amountOut', tx[2] or '', 'slot', tx.slot
end)
for _, signature in ipairs(applied) do call('HSET', prefix .. signature, 'outcome', states[signature].state, 'slot', states[signature].slot) end
if over[1] then call('ZREM', due, unpack(over)) end
if keeps then call(unpack(keeps)) end
return answer
