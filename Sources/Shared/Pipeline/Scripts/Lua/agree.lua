-- Answers the value that all processes use: the first one that was proposed. Redis refuses a plain SET at maxmemory, but every process that starts
-- must agree.
-- KEYS: agreement   ARGV: proposal
local agreed = redis.call('GET', KEYS[1])
if agreed then return agreed end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
