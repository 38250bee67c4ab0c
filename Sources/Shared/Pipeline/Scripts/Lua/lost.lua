-- Whether Redis has lost the count of a group for good (1 or 0): it does not know how many the group has read, and will not find out while the group
-- reads on. An entry that somebody has deleted before the group came to it hides the lag too, but only until then, and counting does not help.
-- KEYS: stream   ARGV: group
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
local group = groupOf(KEYS[1], ARGV[1])
if info.err or not group or group.lag or group['entries-read'] then return 0 end
return olderID(group['last-delivered-id'], named(info)['max-deleted-entry-id']) and 0 or 1
