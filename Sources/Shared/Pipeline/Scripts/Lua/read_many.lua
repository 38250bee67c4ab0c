-- The hashes of orders, and the time.
-- KEYS: the orders
-- Answers {time, for each order: its names and values; empty if Redis does not have it, or cannot read it}
local reply = { at }
for number = 1, #KEYS do
  local values = redis.pcall('HGETALL', KEYS[number])
  reply[number + 1] = values.err and {} or values
end
return reply
