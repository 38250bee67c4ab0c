-- A page of a user's orders, newest first. Answers for each order its id, score, state ('' if Redis no longer has it), and when it ended in ms
-- ('' if it has not ended). Changes nothing.
-- KEYS: user's list   ARGV: prefix of order keys, highest score, how many members to skip from there, max, lowest score
local reply = {}
local page = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[2], ARGV[5], 'WITHSCORES', 'LIMIT', ARGV[3], ARGV[4])
for index = 1, #page, 2 do
  local values = redis.call('HMGET', ARGV[1] .. page[index], 's', 'e')
  local state = string.match(values[1] or '', '^%a*')
  for _, value in ipairs({ page[index], page[index + 1], state, values[2] or '' }) do reply[#reply + 1] = value end
end
return reply
