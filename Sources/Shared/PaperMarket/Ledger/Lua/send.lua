-- The mock chain takes signed transactions of one partition. The outcome of each is drawn here from the seed, the signature and the number of sends.
-- Once a transaction is taken, it is never drawn again.
-- A swap that will land moves its pools at once: the chain executes a transaction when it takes it, and landing makes the outcome known.
-- KEYS: due, expiring, market
-- ARGV: prefix of transaction keys, seed, ppm of failures, of drops and of late landings, min and max ms until it lands, slot length in ms,
--       half-life of flows in ms, then for each transaction: signature, order id, leg, attempt, dex, amount in, amount out, last valid slot,
--       slips (1 or 0), whether to refuse if pools have moved (1 or 0), count of pools, then for each pool: address, the flow for which the output is
--       right, the swap's effect
-- Answers for each transaction {what has become of it, ms until its outcome is due ('' if nobody can know)}
local at, prefix, seed, slotLength = milliseconds(), ARGV[1], ARGV[2], tonumber(ARGV[8])
local failures, drops, lates = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local least, most, halfLife = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[9])
local FIRST, FIELDS = 10, 11
local IS_OPEN = { lands = true, fails = true }
-- Flows are numbers of 53 bits. That is exact enough for an effect that fades, because no order is paid from it.
local LARGEST = 9.2e18
-- What this run has read and written: a later transaction of the same run sees what an earlier one has done.
local records, flows = {}, {}

local function record(signature)
  if not records[signature] then
    local found = redis.call('HMGET', prefix .. signature, 'outcome', 'sends', 'landsAt')
    records[signature] = { outcome = found[1], sends = tonumber(found[2]) or 0, landsAt = tonumber(found[3]) or at }
  end
  return records[signature]
end

local function flow(pool)
  flows[pool] = flows[pool] or redis.call('HGET', KEYS[3], pool) or ''
  return flows[pool]
end

-- The outcome of a send, its code, and when it is known.
local function draw(signature, sends, lastValid, slips)
  local digest = redis.sha1hex(seed .. ':' .. signature .. ':' .. sends)
  -- A number from 0 to 999,999 from each group of six hex digits.
  local function random(index) return tonumber(string.sub(digest, index * 6 + 1, index * 6 + 6), 16) % 1000000 end
  local latest = (lastValid + 1) * slotLength - 1
  local lands = at + least + math.floor((most - least) * random(0) / 1000000)
  if random(1) < lates then lands = math.max(lands, latest - slotLength) end
  if random(2) < drops or lands > latest then return 'dropped', '', lands end
  if random(3) < failures then return 'fails', 'NETWORK', lands end
  if slips then return 'fails', 'SLIPPAGE_EXCEEDED', lands end
  return 'lands', '', lands
end

local function move(pool, effect)
  local before, since = string.match(flow(pool), '^(-?%d+):(%d+)$')
  local left = before and tonumber(before) * 0.5 ^ (math.max(0, at - tonumber(since)) / halfLife) or 0
  flows[pool] = integer(math.min(LARGEST, math.max(-LARGEST, left + effect))) .. ':' .. integer(at)
  write('HSET', KEYS[3], pool, flows[pool])
end

local function hasMoved(pools)
  for _, pool in ipairs(pools) do
    if flow(pool[1]) ~= pool[2] then return true end
  end
  return false
end

local function due(outcome, landsAt)
  if outcome == 'dropped' then return '' end
  return IS_OPEN[outcome] and math.max(0, landsAt - at) or 0
end

-- Takes the transaction whose arguments begin at an index.
local function take(index, pools)
  local signature, lastValid = ARGV[index], tonumber(ARGV[index + 7])
  if math.floor(at / slotLength) > lastValid then return { 'expired', 0 } end
  local known = record(signature)
  if known.outcome and known.outcome ~= 'dropped' then return { 'known', due(known.outcome, known.landsAt) } end
  if ARGV[index + 9] == '1' and hasMoved(pools) then return { 'moved', '' } end
  local sends = known.sends + 1
  local outcome, code, lands = draw(signature, sends, lastValid, ARGV[index + 8] == '1')
  write('HSET', prefix .. signature, 'orderId', ARGV[index + 1], 'leg', ARGV[index + 2], 'attempt', ARGV[index + 3], 'dex', ARGV[index + 4],
    'amountIn', ARGV[index + 5], 'amountOut', ARGV[index + 6], 'lastValidSlot', ARGV[index + 7], 'sends', sends, 'outcome', outcome, 'code', code,
    'landsAt', integer(lands))
  records[signature] = { outcome = outcome, sends = sends, landsAt = lands }
  for _, pool in ipairs(outcome == 'lands' and pools or {}) do move(pool[1], tonumber(pool[3])) end
  if outcome ~= 'dropped' then write('ZADD', KEYS[1], integer(lands), signature) end
  write('ZADD', KEYS[2], lastValid, signature)
  return { 'taken', due(outcome, lands) }
end

local answers, index = {}, FIRST
while index <= #ARGV do
  local pools, after = {}, index + FIELDS + 3 * tonumber(ARGV[index + FIELDS - 1])
  for first = index + FIELDS, after - 1, 3 do pools[#pools + 1] = { ARGV[first], ARGV[first + 1], ARGV[first + 2] } end
  answers[#answers + 1] = take(index, pools)
  index = after
end
return commit(answers)
