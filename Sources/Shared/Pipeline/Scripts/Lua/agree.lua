-- Answers the value that all processes go by: the first one that was proposed. A plain SET is refused at maxmemory, and whoever starts has to agree.
-- KEYS: agreement   ARGV: proposal
local agreed = redis.call('GET', KEYS[1])
if agreed then return agreed end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
