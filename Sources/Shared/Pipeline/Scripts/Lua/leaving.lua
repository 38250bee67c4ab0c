-- Takes orders whose time to live is over off their users' lists. Answers how many it has looked at.
-- KEYS: leaving   ARGV: prefix of user keys, max
local at = milliseconds()
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', integer(at), 'LIMIT', 0, ARGV[2])
for _, member in ipairs(due) do
  local id, user = string.match(member, '^([^:]+):(.*)$')
  local isReadable = true
  if id and user ~= '' then
    isReadable = isWritable('ZREM', ARGV[1] .. user)
    if isReadable then write('ZREM', ARGV[1] .. user, id) end
  end
  if isReadable then write('ZREM', KEYS[1], member) else postpone(KEYS[1], member, at) end
end
return commit(#due)
