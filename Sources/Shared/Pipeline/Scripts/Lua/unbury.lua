-- Puts a dead letter's entry back on its stream with its original fields, and removes the letter.
-- Refuses an entry of a work stream whose order is final: nothing is left to do. An entry of events is only for Postgres, which may still need it.
-- KEYS: dead, accepted, routed, events   ARGV: letter, prefix of order keys, whether to go on if the order is missing (1 or 0)
local letter = readLetter(KEYS[1], ARGV[1])
if not letter then return { 'unknown' } end
local target = ({ [SOURCE.router] = KEYS[2], [SOURCE.executor] = KEYS[3], [EVENTS] = KEYS[4] })[letter.stream or '']
if not target or #letter.fields == 0 then return { 'unusable' } end

local group = READER[letter.stream]
local order = letter.orderId ~= '' and load(ARGV[2] .. letter.orderId, letter.orderId)
if group and letter.orderId ~= '' then
  if order and FINAL[order.state] then return { 'final', order.state } end
  if not order and ARGV[3] ~= '1' then return { 'missing', letter.orderId } end
end

local entry = add(target, unpack(letter.fields))
write('XDEL', KEYS[1], ARGV[1])
-- If the entry still fits its order, it stands for the order again, and the count of starts begins again.
if order and group and STAGE[order.state] == group and order.round == tonumber(letter.round) then
  order.entry = function() return letter.stream .. ':' .. entry() end
  write('HSET', order.key, 's', function() return place(order) end, 'd', '')
end
if order and letter.stream == EVENTS then
  countLetter(order, -1)
  write('HSET', order.key, 'p', ANNOUNCED)
end
return commit({ 'ok', letter.stream, entry })
