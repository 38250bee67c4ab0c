-- Takes over entries that have been idle too long, and says how often each has been delivered, this time included.
-- An entry that was delivered `suspectFrom` times before is a suspect: one like it may end whoever touches it. Those least suspected come first, all
-- of one kind. Of suspects that have come equally often half are taken, so that each round of crashes or of success halves those among whom the cause
-- is; from `aloneFrom` on one alone.
-- KEYS: stream   ARGV: group, consumer, least idle ms, most, suspectFrom (0 where none is one), aloneFrom, whether suspects are taken (1 or 0),
--       then the ids in hand
local group, consumer, idle, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local suspectFrom, aloneFrom, takesSuspects = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'
local inHand = {}
for index = 8, #ARGV do inHand[ARGV[index]] = true end
local found = redis.pcall('XPENDING', KEYS[1], group, 'IDLE', idle, '-', '+', most + #ARGV - 7)
if found.err then return redis.error_reply(found.err) end

-- Those that are suspected least, oldest first.
local suspicion, chosen
for _, row in ipairs(found) do
  local before = suspectFrom > 0 and row[4] >= suspectFrom and row[4] or 0
  if not inHand[row[1]] and (before == 0 or takesSuspects) then
    if not suspicion or before < suspicion then suspicion, chosen = before, {} end
    if before == suspicion then chosen[#chosen + 1] = row end
  end
end
if not suspicion then return {} end
if suspicion > 0 then most = suspicion >= aloneFrom and 1 or math.min(most, math.ceil(#chosen / 2)) end

local claimed = {}
for _, row in ipairs(chosen) do
  if #claimed >= most then break end
  local entry = redis.call('XCLAIM', KEYS[1], group, consumer, idle, row[1])
  -- An entry that was deleted from the stream answers nothing and leaves the pending list by itself.
  if entry[1] and entry[1][2] then claimed[#claimed + 1] = { row[1], row[4] + 1, entry[1][2] } end
end
return claimed
