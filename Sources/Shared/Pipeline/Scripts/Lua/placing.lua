-- Has a partition refuse orders whose key was given it by a lower count of partitions. A higher count stays.
-- KEYS: placing   ARGV: count
local placing = redis.call('GET', KEYS[1])
if placing and tonumber(placing) >= tonumber(ARGV[1]) then return placing end
write('SET', KEYS[1], ARGV[1])
return commit(ARGV[1])
