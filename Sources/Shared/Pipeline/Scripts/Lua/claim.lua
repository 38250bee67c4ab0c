-- Takes over entries that have been idle too long, and says how often each has been delivered, this time included. Answers whether suspects were left
-- because none may be taken, then the entries.
-- An entry that was delivered `suspectFrom` times before is a suspect: one like it may end whoever touches it. Those least suspected come first, all
-- of one kind. Of suspects that have come equally often half are taken, so that each round of crashes or of success halves those among whom the cause
-- is; from `aloneFrom` on one alone.
-- KEYS: stream   ARGV: group, consumer, min idle ms, max, suspectFrom (0 where none is one), aloneFrom, whether suspects are taken (1 or 0),
--       then the ids in hand
local group, consumer, idle, max = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local suspectFrom, aloneFrom, takesSuspects = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'
local inHand = {}
for index = 8, #ARGV do inHand[ARGV[index]] = true end

-- Entries that can be claimed, by how much they are suspected, oldest first. Windows full of suspects, or of what is in hand, hide nobody behind
-- them; ten of them are some milliseconds.
local window = math.max(100, max)
local kinds, hasSuspects = {}, false
local start = '-'
for _ = 1, 10 do
  local found = redis.pcall('XPENDING', KEYS[1], group, 'IDLE', idle, start, '+', window)
  if found.err then return redis.error_reply(found.err) end
  for _, row in ipairs(found) do
    if not inHand[row[1]] then
      local suspicion = suspectFrom > 0 and row[4] >= suspectFrom and row[4] or 0
      hasSuspects = hasSuspects or suspicion > 0
      kinds[suspicion] = kinds[suspicion] or {}
      table.insert(kinds[suspicion], row)
    end
  end
  if #found < window or kinds[0] and #kinds[0] >= max then break end
  start = '(' .. found[#found][1]
end

local answer = { hasSuspects and not takesSuspects and 1 or 0 }
local lowest
for suspicion in pairs(kinds) do
  if not lowest or suspicion < lowest then lowest = suspicion end
end
if not lowest or lowest > 0 and not takesSuspects then return answer end
local chosen = kinds[lowest]
if lowest > 0 then max = lowest >= aloneFrom and 1 or math.min(max, math.ceil(#chosen / 2)) end

for _, row in ipairs(chosen) do
  if #answer > max then break end
  local entry = redis.call('XCLAIM', KEYS[1], group, consumer, idle, row[1])
  -- An entry that was deleted from the stream answers nothing and leaves the pending list by itself.
  if entry[1] and entry[1][2] then answer[#answer + 1] = { row[1], row[4] + 1, entry[1][2] } end
end
return answer
