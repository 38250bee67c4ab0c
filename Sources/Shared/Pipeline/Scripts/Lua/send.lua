-- The mock chain takes a signed transaction. Its outcome is drawn here, by the seed, the signature and the count of sends, and never redrawn once taken.
-- KEYS: transaction, due, expiring
-- ARGV: signature, order id, leg, attempt, dex, amount in, amount out, last valid slot, slips (1 or 0), seed,
--       failures, drops and late ones in ppm, least and most ms until it lands, ms a slot
local at, lastValid, slotLength = milliseconds(), tonumber(ARGV[8]), tonumber(ARGV[16])
local slot = math.floor(at / slotLength)
if slot > lastValid then return { 'expired', integer(slot) } end
local known = redis.call('HMGET', KEYS[1], 'outcome', 'sends')
if known[1] and known[1] ~= 'dropped' then return { 'known', integer(slot) } end
local sends = (tonumber(known[2]) or 0) + 1

local digest = redis.sha1hex(ARGV[10] .. ':' .. ARGV[1] .. ':' .. sends)
-- A number from 0 to 999,999 out of each six hex digits.
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
redis.call('HSET', KEYS[1], 'orderId', ARGV[2], 'leg', ARGV[3], 'attempt', ARGV[4], 'dex', ARGV[5], 'amountIn', ARGV[6],
  'amountOut', ARGV[7], 'lastValidSlot', ARGV[8], 'sends', sends, 'outcome', outcome, 'code', code, 'landsAt', integer(lands))
if outcome ~= 'dropped' then redis.call('ZADD', KEYS[2], lands, ARGV[1]) end
redis.call('ZADD', KEYS[3], lastValid, ARGV[1])
return { 'taken', integer(slot) }
