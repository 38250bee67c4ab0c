-- The mock chain takes a signed transaction. The outcome is drawn here from the seed, the signature and the number of sends. Once the transaction is
-- taken, it is never drawn again.
-- A swap that will land moves its pools at once: the chain executes a transaction when it takes it, and landing makes the outcome known.
-- KEYS: transaction, due, expiring, market
-- ARGV: signature, order id, leg, attempt, dex, amount in, amount out, last valid slot, slips (1 or 0), seed,
--       ppm of failures, ppm of drops, ppm of late landings, min and max ms until it lands, slot length in ms, half-life of flows in ms,
--       whether to refuse if pools have moved (1 or 0), then for each pool: address, the flow for which the output is right, the swap's effect
local at, lastValid, slotLength = milliseconds(), tonumber(ARGV[8]), tonumber(ARGV[16])
local slot = math.floor(at / slotLength)
if slot > lastValid then return { 'expired', integer(slot) } end
local known = redis.call('HMGET', KEYS[1], 'outcome', 'sends')
if known[1] and known[1] ~= 'dropped' then return { 'known', integer(slot) } end
local pools = {}
for index = 19, #ARGV, 3 do
  local flow = redis.call('HGET', KEYS[4], ARGV[index]) or ''
  if ARGV[18] == '1' and flow ~= ARGV[index + 1] then return { 'moved', integer(slot) } end
  pools[#pools + 1] = { ARGV[index], flow, tonumber(ARGV[index + 2]) }
end
local sends = (tonumber(known[2]) or 0) + 1

local digest = redis.sha1hex(ARGV[10] .. ':' .. ARGV[1] .. ':' .. sends)
-- A number from 0 to 999,999 from each group of six hex digits.
local function draw(index) return tonumber(string.sub(digest, index * 6 + 1, index * 6 + 6), 16) % 1000000 end

local outcome, code = 'lands', ''
local latest = (lastValid + 1) * slotLength - 1
local lands = at + tonumber(ARGV[14]) + math.floor((tonumber(ARGV[15]) - tonumber(ARGV[14])) * draw(0) / 1000000)
if draw(1) < tonumber(ARGV[13]) then lands = math.max(lands, latest - slotLength) end
if draw(2) < tonumber(ARGV[12]) or lands > latest then
  outcome = 'dropped'
elseif draw(3) < tonumber(ARGV[11]) then
  outcome, code = 'fails', 'NETWORK'
elseif ARGV[9] == '1' then
  outcome, code = 'fails', 'SLIPPAGE_EXCEEDED'
end
write('HSET', KEYS[1], 'orderId', ARGV[2], 'leg', ARGV[3], 'attempt', ARGV[4], 'dex', ARGV[5], 'amountIn', ARGV[6],
  'amountOut', ARGV[7], 'lastValidSlot', ARGV[8], 'sends', sends, 'outcome', outcome, 'code', code, 'landsAt', integer(lands))
-- Flows are numbers of 53 bits. That is exact enough for an effect that fades, because no order is paid from it.
local limit = 9.2e18
for _, pool in ipairs(outcome == 'lands' and pools or {}) do
  local before, since = string.match(pool[2], '^(-?%d+):(%d+)$')
  local left = before and tonumber(before) * 0.5 ^ (math.max(0, at - tonumber(since)) / tonumber(ARGV[17])) or 0
  local sum = math.min(limit, math.max(-limit, left + pool[3]))
  write('HSET', KEYS[4], pool[1], integer(sum) .. ':' .. integer(at))
end
if outcome ~= 'dropped' then write('ZADD', KEYS[2], integer(lands), ARGV[1]) end
write('ZADD', KEYS[3], lastValid, ARGV[1])
return commit({ 'taken', integer(slot) })
