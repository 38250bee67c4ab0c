-- A page of a user's orders, newest first: of each its id, score, state ('' where Redis has it no more), and when it ended in ms ('' while it has
-- not; the time as text for an order that ended before that was a field of its own). Changes nothing.
-- KEYS: user's list   ARGV: prefix of order keys, highest score, members to pass over from there, max, lowest score
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
