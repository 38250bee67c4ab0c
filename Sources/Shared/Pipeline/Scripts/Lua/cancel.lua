-- Cancels an order that has no transaction under way and of which nothing has landed, and with it the other order of its pair, of which the same must
-- be true. The entry that stands for an order becomes a duplicate later. An order that waits for its price is cancelled even if a part has landed:
-- nothing of it is under way.
-- KEYS: order, events, deadlines   ARGV: id
local order = load(KEYS[1], ARGV[1])
if not order then return { 'unknown' } end
if order.state == 'cancelled' then return { 'again' } end
if FINAL[order.state] then return { 'final', order.state } end
-- While one of a pair is under way the other is held. Who cancels that one means both.
local other = order.sibling ~= '' and find(headOf(order) .. ORDER .. order.sibling, order.sibling)
if other and not STAGE[other.state] then other = nil end
for _, each in ipairs({ order, other or nil }) do
  if each.state == 'submitted' then return { 'submitted' } end
  if each.state ~= 'open' and each.remark ~= '' then return { 'filled' } end
end

local at = milliseconds()
local function cancel(each)
  if each.state == 'open' then
    endWaiting(each, at, 'cancelled', SENTENCES.cancelled)
  else
    each.state = 'cancelled'
    event(each, at, 'cancelled', 0, SENTENCES.cancelled)
    if each.deadline ~= '' then write('ZREM', KEYS[3], each.id) end
  end
  save(each, KEYS[2])
end

cancel(order)
if other then cancel(other) else settlePair(order, at) end
return commit({ 'ok', order.seq })
