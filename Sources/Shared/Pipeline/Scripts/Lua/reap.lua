-- Removes consumers that are gone and hold nothing. An entry that a consumer still holds could not be claimed once the consumer was removed.
-- KEYS: stream   ARGV: group, min idle ms, names alive
local alive = {}
for index = 3, #ARGV do alive[ARGV[index]] = true end
local removed = 0
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return 0 end
for _, row in ipairs(consumers) do
  local consumer = named(row)
  -- A new consumer has no heartbeat for a moment.
  if not alive[consumer.name] and consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    removed = removed + 1
  end
end
return removed
