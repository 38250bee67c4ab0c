-- Cancels an order that has no transaction under way and of which nothing has landed, and with it the other order of its pair if that waits. The
-- entry that stands for the order becomes a duplicate later. An order that waits for its price is cancelled even if a part has landed: nothing of it
-- is under way.
-- KEYS: order, events, deadlines   ARGV: id
local order = load(KEYS[1], ARGV[1])
if not order then return { 'unknown' } end
if order.state == 'cancelled' then return { 'again' } end
if FINAL[order.state] then return { 'final', order.state } end
if order.state == 'submitted' then return { 'submitted' } end
local at = milliseconds()
if order.state == 'open' then
  endWaiting(order, at, 'cancelled', SENTENCES.cancelled)
else
  if order.remark ~= '' then return { 'filled' } end
  order.state = 'cancelled'
  event(order, at, 'cancelled', 0, SENTENCES.cancelled)
  if order.deadline ~= '' then write('ZREM', KEYS[3], order.id) end
end
save(order, KEYS[2])
settlePair(order, at)
return commit({ 'ok', order.seq })
