-- Takes retries that wait behind first attempts for which there is no place now. Looks at one page of the entries that the group has not been given.
-- The group is given these entries again when it comes to them. They are duplicates by then, or the group takes the same entry over.
-- KEYS: stream
-- ARGV: group, consumer, the stream's short name, prefix of order keys, where to begin, entries of a page, max
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
  -- Take only an entry that stands for its order and that no worker has in hand.
  local stands = fields.id and fields.round and fields.round ~= '1'
    and string.match(redis.call('HGET', ARGV[4] .. fields.id, 's') or '', ' (%S+)$') == ARGV[3] .. ':' .. row[1]
  if stands and not pending(KEYS[1], ARGV[1], row[1]) then
    chosen[#chosen + 1] = row
  end
end
for _, row in ipairs(chosen) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, row[1], 'RETRYCOUNT', 1, 'FORCE', 'JUSTID')
  answer[#answer + 1] = { row[1], 1, row[2] }
end
return answer
