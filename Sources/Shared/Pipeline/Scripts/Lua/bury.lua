-- Moves an entry that cannot be handled to the dead letters. If the entry stands for an order at this stage and `fails` is set, the order fails too.
-- An order whose transaction may be under way does not fail: its letter says IN_DOUBT.
-- KEYS: source stream, dead, events, deadlines, leaving, order
-- ARGV: stream's name, group, consumer, entry, reason, order's id, fails (1 or 0), time to live in ms
local name, group, entry, reason, id = ARGV[1], ARGV[2], ARGV[4], ARGV[5], ARGV[6]
local claim = pending(KEYS[1], group, entry)
if not claim then return { 'stale' } end
if claim[2] ~= ARGV[3] then return { 'fenced' } end
local at = milliseconds()
local order
-- An order that cannot be read is no reason to leave the entry that names it: it would come again for ever, and its batch with it.
if id ~= '' then order = (name == EVENTS and find or load)(KEYS[6], id) end
local ends = order and ARGV[7] == '1' and STAGE[order.state] == group and order.entry == name .. ':' .. entry
-- If a start of this round was counted, the step that counts starts decides.
if ends then
  local stage, round, starts = string.match(order.starts, '^(%a+):(%d+):(%d+):')
  if stage == group and tonumber(round) == order.round and tonumber(starts) > 0 then return { 'counted' } end
end
if ends and order.state == 'submitted' then reason = 'IN_DOUBT' end
local letter = bury(KEYS[2], KEYS[1], name, group, entry, reason, claim[4], id, at)
local hasEnded = ends and order.state ~= 'submitted'
if hasEnded then
  failNow(order, at, KEYS[4], 'POISONED')
  order.entry = ''
  save(order, KEYS[3])
elseif order then
  dismiss(order, name .. ':' .. entry, KEYS[5], at, tonumber(ARGV[8]))
  if name == EVENTS then
    countLetter(order, 1)
    -- The next event of the order is announced again. Until then the letter stands for what is not stored.
    if order.unstored == ANNOUNCED then write('HSET', order.key, 'p', REFUSED) end
  end
end
return commit({ 'ok', letter, reason, hasEnded and 1 or 0 })
