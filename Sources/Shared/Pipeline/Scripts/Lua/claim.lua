-- Claims entries that have been idle too long. Answers whether suspects were left because they may not be taken, then the entries, each with the
-- number of its deliveries, this one included. Answers 2 alone if an entry under the claimer's own name is idle: then it has to name what it has in
-- hand, which may be thousands of entries.
-- An entry that was delivered `suspectFrom` times before is a suspect: it may crash the process that works on it. The script takes entries with the
-- same number of deliveries only, the least suspected first. It takes half of the suspects that were delivered equally often. So each round of
-- crashes or successes halves the suspects among which the cause is. From `aloneFrom` deliveries on it takes one suspect alone.
-- KEYS: stream
-- ARGV: group, consumer, min idle ms, max, suspectFrom (0: no entry is a suspect), aloneFrom, whether suspects are taken (1 or 0), whether all that
-- is in hand is named (1 or 0), then the ids of what is left out
local group, consumer, idle, max = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local suspectFrom, aloneFrom, takesSuspects = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'
local namesAll, leftOut = ARGV[8] == '1', {}
for index = 9, #ARGV do leftOut[ARGV[index]] = true end

-- The entries that can be claimed, by their suspicion, oldest first. It reads up to ten windows, so that windows full of suspects or of entries in
-- hand do not hide the entries behind them. Ten windows take some milliseconds.
local window = math.max(100, max)
local kinds, hasSuspects = {}, false
local start = '-'
for _ = 1, 10 do
  local found = redis.pcall('XPENDING', KEYS[1], group, 'IDLE', idle, start, '+', window)
  if found.err then return redis.error_reply(found.err) end
  for _, row in ipairs(found) do
    if not leftOut[row[1]] then
      if row[2] == consumer and not namesAll then return { 2 } end
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
  -- An entry that was deleted from the stream answers nothing, and Redis takes it off the pending list.
  if entry[1] and entry[1][2] then answer[#answer + 1] = { row[1], row[4] + 1, entry[1][2] } end
end
return answer
