-- Lets one process at a time do what all would do: takes the turn, or keeps it, and answers the mark of the last one who has finished.
-- With allow-oom: a plain SET is refused at maxmemory.
-- KEYS: turn, mark   ARGV: 'take', name, ms for which it is kept   or   'finish', name, mark
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
