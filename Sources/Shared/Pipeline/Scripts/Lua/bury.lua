-- Puts an entry that cannot be handled with the dead letters. Where it names an order of this stage and `fails` is set, the order ends with it.
-- KEYS: source stream, dead, events, deadlines, leaving, order   ARGV: stream's name, group, consumer, entry, reason, order's id, fails (1 or 0),
--       ttl in ms
local name, group, entry, reason, id = ARGV[1], ARGV[2], ARGV[4], ARGV[5], ARGV[6]
local claim = pending(KEYS[1], group, entry)
if not claim then return { 'stale' } end
if claim[2] ~= ARGV[3] then return { 'fenced' } end
local at = milliseconds()
local order = id ~= '' and load(KEYS[6], id) or nil
local ends = order and ARGV[7] == '1' and STAGE[order.state] == group and order.entry == name .. ' ' .. entry
-- A counted start leaves the judgement to the step that counts.
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
  dismiss(order, name .. ' ' .. entry, KEYS[5], at, tonumber(ARGV[8]))
end
return commit({ 'ok', letter, reason, hasEnded and 1 or 0 })
