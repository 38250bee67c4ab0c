-- Takes over entries that have been idle too long, oldest first, and says how often each has been delivered, this time included.
-- Unless told otherwise, an entry that comes for the third time or more is taken alone, so that its neighbours do not share its fate.
-- KEYS: stream   ARGV: group, consumer, least idle ms, most, whether some are taken alone (1 or 0), then the ids in hand
local group, consumer, idle, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local inHand = {}
for index = 6, #ARGV do inHand[ARGV[index]] = true end
local found = redis.pcall('XPENDING', KEYS[1], group, 'IDLE', idle, '-', '+', most + #ARGV - 5)
if found.err then return redis.error_reply(found.err) end
local claimed = {}
for _, row in ipairs(found) do
  local alone = ARGV[5] == '1' and row[4] >= 2
  if not inHand[row[1]] and #claimed < most and not (alone and #claimed > 0) then
    local entry = redis.call('XCLAIM', KEYS[1], group, consumer, idle, row[1])
    -- An entry that was deleted from the stream answers nothing and leaves the pending list by itself.
    if entry[1] and entry[1][2] then claimed[#claimed + 1] = { row[1], row[4] + 1, entry[1][2] } end
    if alone and #claimed > 0 then break end
  end
end
return claimed
