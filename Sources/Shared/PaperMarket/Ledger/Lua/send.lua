-- The mock chain takes signed transactions of one partition. The outcome of each is drawn here from the seed, the signature and the number of sends.
-- Once a transaction is taken, it is never drawn again. What is due at once lands or fails in this run.
-- A swap that will land moves its pools at once: the chain executes a transaction when it takes it, and landing makes the outcome known.
-- KEYS: due, expiring, market, landed
-- ARGV: prefix of transaction keys, seed, ppm of failures, of drops and of late landings, min and max ms until it lands, slot length in ms,
--       half-life of flows in ms, then for each transaction: signature, order id, leg, attempt, dex, amount in, amount out, last valid slot,
--       one text of `s` if it slips, `m` if it is to be refused where pools have moved, and the count of pools, then for each pool: address, the
--       flow for which the output is right, the swap's effect
-- Answers two values for each transaction. If it was taken and its outcome is known now: `landed` and the slot, or `failed` and the code. Else:
-- `taken`, `known`, `expired` or `moved`, and the ms until its outcome is due ('' if nobody can know).
local due, expiring, market, landed, prefix, seed, slotLength = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], tonumber(ARGV[8])
local failures, drops, lates = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local least, most, halfLife = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[9])
local FIRST, FIELDS = 10, 9
local slot = math.floor(now / slotLength)
local slotText = integer(slot)
-- Flows are numbers of 53 bits. That is exact enough for an effect that fades, because no order is paid from it.
local LARGEST = 9.2e18
-- What this run has read and decided: a later transaction of the same run sees what an earlier one has done. By signature: the outcome, when it is
-- known, the sends so far, and the code. By pool: its flow as a text, and as a number of this moment once a swap has moved it.
local outcomes, landings, sends, codes, flows, moved = {}, {}, {}, {}, {}, {}
-- What is to be written: transactions that are taken, and those of them that land now; members of sets with their scores.
local taken, entries, waiting, ending = {}, {}, {}, {}

local function outcomeOf(signature)
  local outcome = outcomes[signature]
  if outcome == nil then
    outcome = call('HGET', prefix .. signature, 'outcome')
    outcomes[signature] = outcome
    if outcome then
      local more = call('HMGET', prefix .. signature, 'sends', 'landsAt')
      sends[signature], landings[signature] = tonumber(more[1]), tonumber(more[2])
    end
  end
  return outcome
end

local function flow(pool)
  flows[pool] = flows[pool] or moved[pool] and integer(moved[pool]) .. ':' .. at or call('HGET', market, pool) or ''
  return flows[pool]
end

-- The outcome of a send that is known at `lands`, its code, and when it is known.
local function draw(signature, count, lastValid, slips)
  local digest
  -- Whether a random number from 0 to 999,999 is below a bound, and the number: one from each group of six hex digits.
  local function random(index)
    digest = digest or redis.sha1hex(seed .. ':' .. signature .. ':' .. count)
    return tonumber(sub(digest, index * 6 + 1, index * 6 + 6), 16) % 1000000
  end
  local latest = (lastValid + 1) * slotLength - 1
  local lands = now + least
  if most > least then lands = lands + math.floor((most - least) * random(0) / 1000000) end
  if lates > 0 and random(1) < lates then lands = math.max(lands, latest - slotLength) end
  if drops > 0 and random(2) < drops or lands > latest then return 'dropped', '', lands end
  local isDue = lands <= now
  if failures > 0 and random(3) < failures then return isDue and 'failed' or 'fails', 'NETWORK', lands end
  if slips then return isDue and 'failed' or 'fails', 'SLIPPAGE_EXCEEDED', lands end
  return isDue and 'landed' or 'lands', '', lands
end

local function move(pool, effect)
  local before = moved[pool]
  if not before then
    local base, since = match(flow(pool), '^(-?%d+):(%d+)$')
    before = base and tonumber(base) * 0.5 ^ (math.max(0, now - tonumber(since)) / halfLife) or 0
    before = tonumber(integer(math.min(LARGEST, math.max(-LARGEST, before + effect))))
  else
    before = math.min(LARGEST, math.max(-LARGEST, before + effect))
  end
  moved[pool], flows[pool] = before, nil
end

-- Whether one of these pools has another flow than the output was computed for.
local function hasMoved(first, last)
  for index = first, last, 3 do
    if flow(ARGV[index]) ~= ARGV[index + 1] then return true end
  end
  return false
end

local function dueIn(signature, outcome)
  if outcome == 'dropped' then return '' end
  return (outcome == 'lands' or outcome == 'fails') and math.max(0, (landings[signature] or now) - now) or 0
end

-- Takes the transaction whose arguments begin at an index and whose pools are between two others. `slips` and `compares` say whether it slips, and
-- whether it is refused where its pools have moved.
local function take(index, first, last, slips, compares)
  local signature, lastValid = ARGV[index], tonumber(ARGV[index + 7])
  if slot > lastValid then return 'expired', 0 end
  local known = outcomeOf(signature)
  if known and known ~= 'dropped' then return 'known', dueIn(signature, known) end
  if compares and hasMoved(first, last) then return 'moved', '' end
  local count = (sends[signature] or 0) + 1
  local outcome, code, lands = draw(signature, count, lastValid, slips)
  outcomes[signature], landings[signature], sends[signature], codes[signature] = outcome, lands, count, code
  taken[#taken + 1] = index
  if outcome == 'lands' or outcome == 'landed' then
    for pool = first, last, 3 do move(ARGV[pool], tonumber(ARGV[pool + 2])) end
  end
  if outcome == 'landed' then entries[#entries + 1] = index end
  if outcome == 'lands' or outcome == 'fails' then waiting[#waiting + 1], waiting[#waiting + 2] = integer(lands), signature end
  ending[#ending + 1], ending[#ending + 2] = ARGV[index + 7], signature
  if outcome == 'landed' then return outcome, slotText end
  if outcome == 'failed' then return outcome, code end
  return 'taken', dueIn(signature, outcome)
end

local kinds = {}
local function kindOf(text)
  if not kinds[text] then
    local slips, compares, count = match(text, '^(s?)(m?)(%d+)$')
    kinds[text] = { slips ~= '', compares ~= '', 3 * count }
  end
  return kinds[text]
end

local answer, index = {}, FIRST
while ARGV[index] do
  local kind, first = kindOf(ARGV[index + FIELDS - 1]), index + FIELDS
  local after = first + kind[3]
  answer[#answer + 1], answer[#answer + 2] = take(index, first, after - 1, kind[1], kind[2])
  index = after
end
if not taken[1] then return answer end

-- Whether one of the writes would be refused.
call('ZCARD', expiring)
demand('ZADD', expiring, '0', '')
demand('HSET', prefix .. ARGV[taken[1]], '', '')
if entries[1] then
  call('XLEN', landed)
  demand('XADD', landed, '*', '', '')
  demand('XDEL', landed, '0-0')
end
if waiting[1] then
  call('ZCARD', due)
  demand('ZADD', due, '0', '')
end
if next(moved) then
  call('HLEN', market)
  demand('HSET', market, '', '')
end

addAll(landed, entries, function(first)
  return 'signature', ARGV[first], 'orderId', ARGV[first + 1], 'leg', ARGV[first + 2], 'attempt', ARGV[first + 3], 'dex', ARGV[first + 4],
    'amountIn', ARGV[first + 5], 'amountOut', ARGV[first + 6], 'slot', slotText
end)

-- The fields of a record that depend on the outcome. Of what lands later it has all that its entry needs then.
local FIELDS_OF = {
  landed = function() return 'slot', slotText end,
  failed = function(_, signature) return 'slot', slotText, 'code', codes[signature] end,
  fails = function(_, signature) return 'landsAt', integer(landings[signature]), 'code', codes[signature] end,
  dropped = function() end,
  lands = function(first, signature)
    return 'landsAt', integer(landings[signature]), 'leg', ARGV[first + 2], 'attempt', ARGV[first + 3], 'dex', ARGV[first + 4],
      'amountIn', ARGV[first + 5]
  end,
}
for _, first in ipairs(taken) do
  local signature = ARGV[first]
  local outcome, count = outcomes[signature], sends[signature]
  call('HSET', prefix .. signature, 'outcome', outcome, 'orderId', ARGV[first + 1], 'amountOut', ARGV[first + 6],
    'sends', count == 1 and '1' or integer(count), FIELDS_OF[outcome](first, signature))
end
for pool in pairs(moved) do call('HSET', market, pool, flow(pool)) end
if waiting[1] then call('ZADD', due, unpack(waiting)) end
call('ZADD', expiring, unpack(ending))
return answer
