-- Repairs the lag that Redis reports for a group after a restart from its append-only file.
-- KEYS: stream   ARGV: group
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then return 0 end
local stream = {}
for index = 1, #info, 2 do stream[info[index]] = info[index + 1] end
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for index = 1, #row, 2 do group[row[index]] = row[index + 1] end
  if group.name == ARGV[1] then
    local last, behind = group['last-delivered-id'], 0
    local from = '(' .. last
    repeat
      local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1000)
      behind = behind + #page
      if #page > 0 then from = '(' .. page[#page][1] end
    until #page < 1000
    redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], last, 'ENTRIESREAD', stream['entries-added'] - behind)
    return 1
  end
end
return 0
