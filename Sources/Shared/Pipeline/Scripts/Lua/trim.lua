-- Cuts a stream below what every group has finished, never what is younger than the given age. Refuses when a group that must be there is missing.
-- KEYS: stream   ARGV: least age in ms, names of the groups that must be there
local function split(id)
  local time, rest = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(time), tonumber(rest)
end
local function older(a, b)
  local timeA, restA = split(a)
  local timeB, restB = split(b)
  return timeA < timeB or (timeA == timeB and restA < restB)
end
local groups = {}
local info = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if info.err then return -1 end
for _, row in ipairs(info) do
  local group = {}
  for index = 1, #row, 2 do group[row[index]] = row[index + 1] end
  groups[group.name] = group
end
local least = integer(milliseconds() - tonumber(ARGV[1])) .. '-0'
for index = 2, #ARGV do
  if not groups[ARGV[index]] then return -1 end
end
for _, group in pairs(groups) do
  local first = group['last-delivered-id']
  if group.pending > 0 then first = redis.call('XPENDING', KEYS[1], group.name)[2] end
  if older(first, least) then least = first end
end
return redis.call('XTRIM', KEYS[1], 'MINID', least)
