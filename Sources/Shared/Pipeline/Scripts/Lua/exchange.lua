-- Replaces a value on which all processes agree, if it is still the one that the caller has seen. Answers the value that there is then.
-- KEYS: agreement   ARGV: the value that was seen, the new one
local agreed = redis.call('GET', KEYS[1])
if agreed ~= ARGV[1] then return agreed end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]
