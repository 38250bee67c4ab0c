-- Takes retries that wait behind first attempts, for which there is no place now. Looks at a page of what the group has not been given.
-- What is taken here is delivered again when the group comes to it: a duplicate by then, or the same entry taken over.
-- KEYS: stream   ARGV: group, consumer, the stream's short name, prefix of order keys, where to begin, entries of a page, max
-- Answers {where to go on, {id, deliveries, fields}, ...}
local group = groupOf(KEYS[1], ARGV[1])
local from, max = ARGV[5], tonumber(ARGV[7])
if not group then return { from } end
if olderID(from, group['last-delivered-id']) then from = group['last-delivered-id'] end
local answer, chosen = { from }, {}
for _, row in ipairs(redis.call('XRANGE', KEYS[1], '(' .. from, '+', 'COUNT', ARGV[6])) do
  if #chosen == max then break end
  answer[1] = row[1]
  local fields = named(row[2])
  -- Only what stands for its order and is in nobody's hand.
  if fields.id and fields.round and fields.round ~= '1' and redis.call('HGET', ARGV[4] .. fields.id, 'entry') == ARGV[3] .. ' ' .. row[1]
    and not pending(KEYS[1], ARGV[1], row[1]) then
    chosen[#chosen + 1] = row
  end
end
for _, row in ipairs(chosen) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, row[1], 'RETRYCOUNT', 1, 'FORCE', 'JUSTID')
  answer[#answer + 1] = { row[1], 1, row[2] }
end
return answer
