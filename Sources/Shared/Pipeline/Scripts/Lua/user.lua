-- A page of a user's orders, newest first. Answers for each order its id, score, state ('' if Redis no longer has it), and when it ended in ms. That
-- time is '' if the order has not ended, and ISO 8601 text if it ended before the hash had the field `ended`. Changes nothing.
-- KEYS: user's list   ARGV: prefix of order keys, highest score, how many members to skip from there, max, lowest score
local reply = {}
local page = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[2], ARGV[5], 'WITHSCORES', 'LIMIT', ARGV[3], ARGV[4])
for index = 1, #page, 2 do
  local key = ARGV[1] .. page[index]
  local values = redis.call('HMGET', key, 'state', 'seq', 'ended')
  local ended = values[3] or ''
  if ended == '' and FINAL[values[1] or ''] then
    local last = redis.call('HGET', key, 'e:' .. values[2]) or ''
    ended = string.match(last, '"timestamp":"([^"]+)"') or ''
  end
  for _, value in ipairs({ page[index], page[index + 1], values[1] or '', ended }) do reply[#reply + 1] = value end
end
return reply
