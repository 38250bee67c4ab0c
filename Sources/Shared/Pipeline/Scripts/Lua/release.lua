-- Hands back the entries that a stopping consumer holds. Others can claim them at once, as if they had not been delivered. The start that was counted
-- is taken off again, because a stop says nothing against an order. The script hands back everything that is pending under the consumer's name: no
-- worker has the entries in hand that Redis gave to a read that was cut off.
-- One call hands back a page, because thousands would hold Redis up.
-- KEYS: stream
-- ARGV: group, consumer, prefix of order keys, where the page begins and ends, max entries, then for each entry in hand between: entry, order id,
--       token
-- Answers {entries handed back, the end of the page: the next one begins behind it; '' if this was the last page}
local LONG_AGO = 3600000
local group, consumer, to, max = ARGV[1], ARGV[2], ARGV[5], tonumber(ARGV[6])
local held = redis.pcall('XPENDING', KEYS[1], group, ARGV[4], to, max, consumer)
if held.err then return { 0, '' } end
local pageEnd = #held == max and held[max][1] or to ~= '+' and to or ''
local isHeld, starts = {}, {}
for _, row in ipairs(held) do isHeld[row[1]] = true end
for index = 7, #ARGV, 3 do
  local entry, key, token = ARGV[index], ARGV[3] .. ARGV[index + 1], ARGV[index + 2]
  if isHeld[entry] and token ~= '' then
    local found = redis.pcall('HGET', key, 'd')
    local stage, round, count, last = string.match(type(found) == 'string' and found or '', '^(%a+):(%d+):(%d+):(.*)$')
    -- Take back only a start that this delivery has counted.
    if stage == group and last == token then starts[key] = stage .. ':' .. round .. ':' .. (tonumber(count) - 1) .. ':' end
  end
end

for _, row in ipairs(held) do
  -- An entry that has been idle for so long was handed back before.
  local deliveries = row[3] < LONG_AGO and math.max(0, row[4] - 1) or row[4]
  write('XCLAIM', KEYS[1], group, consumer, 0, row[1], 'IDLE', LONG_AGO, 'RETRYCOUNT', deliveries, 'JUSTID')
end
for key, value in pairs(starts) do write('HSET', key, 'd', value) end
return commit({ #held, pageEnd })
