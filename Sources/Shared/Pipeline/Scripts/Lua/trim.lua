-- Cuts off entries that every group has finished and that are older than the given age. Refuses if a required group is missing.
-- Takes about `max` entries in one run: after an outage of Postgres there may be a million. Answers how many it took, or -1 if it refuses.
-- KEYS: stream   ARGV: min age in ms, max, names of the required groups
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
-- Whole nodes first, at most `max` entries. If no whole node is left, less than a node remains, and the exact cut takes it.
local cut = redis.call('XTRIM', KEYS[1], 'MINID', '~', oldest, 'LIMIT', ARGV[2])
if cut > 0 then return cut end
return redis.call('XTRIM', KEYS[1], 'MINID', '=', oldest)
