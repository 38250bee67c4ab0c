-- Cuts a stream below what every group has finished, never what is younger than the given age. Refuses when a group that must be there is missing.
-- Takes about `max` entries in one run: after an outage of Postgres there are a million. Answers how many; -1 where it refuses.
-- KEYS: stream   ARGV: min age in ms, max, names of the groups that must be there
local info = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if info.err then return -1 end
local groups = {}
for _, row in ipairs(info) do
  local group = named(row)
  groups[group.name] = group
end
for index = 3, #ARGV do
  if not groups[ARGV[index]] then return -1 end
end
local oldest = integer(serverTime() - tonumber(ARGV[1])) .. '-0'
for _, group in pairs(groups) do
  local first = group['last-delivered-id']
  if olderID(first, oldest) then oldest = first end
  first = group.pending > 0 and redis.call('XPENDING', KEYS[1], group.name)[2] or oldest
  if olderID(first, oldest) then oldest = first end
end
-- Whole nodes first, as many as are allowed; what is left then is less than a node.
local cut = redis.call('XTRIM', KEYS[1], 'MINID', '~', oldest, 'LIMIT', ARGV[2])
if cut > 0 then return cut end
return redis.call('XTRIM', KEYS[1], 'MINID', '=', oldest)
