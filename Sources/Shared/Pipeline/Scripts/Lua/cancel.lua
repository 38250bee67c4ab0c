-- Cancels an order that has no transaction under way and of which nothing has landed. The entry that stands for the order becomes a duplicate later.
-- KEYS: order, events, deadlines   ARGV: id
local order = load(KEYS[1], ARGV[1])
if not order then return { 'unknown' } end
if order.state == 'cancelled' then return { 'again' } end
if FINAL[order.state] then return { 'final', order.state } end
if order.state == 'submitted' then return { 'submitted' } end
if order.remark ~= '' then return { 'filled' } end
order.state = 'cancelled'
event(order, milliseconds(), 'cancelled', 0, SENTENCES.cancelled)
if order.deadline ~= '' then write('ZREM', KEYS[3], order.id) end
save(order, KEYS[2])
return commit({ 'ok', order.seq })
