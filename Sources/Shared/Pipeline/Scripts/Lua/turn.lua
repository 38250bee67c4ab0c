-- Lets one process at a time do work that every process would do. Takes or keeps the turn, and answers the mark of the last process that has
-- finished.
-- Runs with allow-oom, because Redis refuses a plain SET at maxmemory.
-- KEYS: turn, mark   ARGV: 'take', name, ms for which the turn is kept   or   'finish', name, mark
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[2] then return { 0, '' } end
local mark = redis.call('GET', KEYS[2]) or ''
if ARGV[1] == 'take' then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('SET', KEYS[2], ARGV[3])
  redis.call('DEL', KEYS[1])
end
return { 1, mark }
