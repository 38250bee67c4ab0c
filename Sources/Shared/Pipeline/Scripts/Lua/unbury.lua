-- Puts a dead letter's entry back on its stream with its original fields, and removes the letter.
-- Refuses an entry of a work stream whose order is final: nothing is left to do. An event is only for Postgres, which may still need it.
-- KEYS: dead, accepted, routed, events   ARGV: letter, prefix of order keys, whether to go on if the order is missing (1 or 0)
local letter = readLetter(KEYS[1], ARGV[1])
if not letter then return { 'unknown' } end
local target = ({ [SOURCE.router] = KEYS[2], [SOURCE.executor] = KEYS[3], [EVENTS] = KEYS[4] })[letter.stream or '']
if not target or #letter.fields == 0 then return { 'unusable' } end

local group = READER[letter.stream]
local order
if group and letter.orderId ~= '' then
  order = load(ARGV[2] .. letter.orderId, letter.orderId)
  if order and FINAL[order.state] then return { 'final', order.state } end
  if not order and ARGV[3] ~= '1' then return { 'missing', letter.orderId } end
end

local entry = add(target, unpack(letter.fields))
write('XDEL', KEYS[1], ARGV[1])
-- If the entry still fits its order, it stands for the order again, and the count of starts begins again.
if order and STAGE[order.state] == group and order.round == tonumber(letter.round) then
  write('HSET', order.key, 'entry', function() return letter.stream .. ' ' .. entry() end, 'starts', '')
end
return commit({ 'ok', letter.stream, entry })
