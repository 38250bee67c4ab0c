-- Takes orders whose time to live is over off their users' lists.
-- KEYS: leaving   ARGV: prefix of user keys, most
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', milliseconds(), 'LIMIT', 0, ARGV[2])
for _, member in ipairs(due) do
  local id, user = string.match(member, '^([^:]+):(.*)$')
  if id and user ~= '' then redis.call('ZREM', ARGV[1] .. user, id) end
  redis.call('ZREM', KEYS[1], member)
end
return #due
