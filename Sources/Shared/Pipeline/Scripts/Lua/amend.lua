-- Amends an order that waits for its price, if it is still as the caller has seen it.
-- KEYS: order, events, deadlines
-- ARGV: id, seq and place as they were seen, details, w, n, k ('' for all three to keep its place), end of the wait, message, the members of the
--       event
-- Answers {'ok', seq}, {'unknown'}, {'changed', seq} if it is no longer as it was seen, or {'gone', state} if it no longer waits
local order = load(KEYS[1], ARGV[1])
if not order then return { 'unknown' } end
if order.state ~= 'open' then return { 'gone', order.state } end
if order.seq ~= tonumber(ARGV[2]) or order.spot ~= ARGV[3] then return { 'changed', integer(order.seq) } end
if ARGV[5] ~= '' then
  if order.entry == ARMED then rearm(order, ARGV[5], ARGV[6]) else order.spot, order.renewal = ARGV[5], ARGV[6] end
end
for index, name in ipairs({ 'o', 'w', 'n', 'k', 'y' }) do
  if ARGV[3 + index] ~= '' then set(order, name, ARGV[3 + index]) end
end
if ARGV[8] ~= '' then write('ZADD', KEYS[3], ARGV[8], order.id) end
event(order, milliseconds(), 'amended', 0, ARGV[9], ARGV[10], 'open')
save(order, KEYS[2])
return commit({ 'ok', integer(order.seq) })
