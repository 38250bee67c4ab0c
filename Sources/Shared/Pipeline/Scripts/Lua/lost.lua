-- Whether Redis has lost the count of a group for good (1 or 0): it does not know how many entries the group has read, and will not find out while
-- the group reads on. A deleted entry that the group has not come to hides the lag too, but only until the group passes it. Counting does not help
-- then, so the answer is 0.
-- KEYS: stream   ARGV: group
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
local group = groupOf(KEYS[1], ARGV[1])
if info.err or not group or group.lag or group['entries-read'] then return 0 end
return olderID(group['last-delivered-id'], named(info)['max-deleted-entry-id']) and 0 or 1
