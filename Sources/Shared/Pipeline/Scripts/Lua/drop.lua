-- Removes a dead letter for good. A letter in doubt stays until its order has ended, because the letter is the only way to end the order.
-- Without the last letter of an order's events Postgres never gets them. So they count as stored, and the order need not stay in Redis for them.
-- KEYS: dead, leaving   ARGV: letter, prefix of order keys, time to live in ms
local letter = readLetter(KEYS[1], ARGV[1])
if not letter then return { 'unknown' } end
local order = letter.orderId ~= '' and load(ARGV[2] .. letter.orderId, letter.orderId)
if letter.reason == 'IN_DOUBT' and order and not FINAL[order.state] then return { 'doubt' } end
write('XDEL', KEYS[1], ARGV[1])
if letter.stream == EVENTS and order then
  countLetter(order, -1)
  if order.unstored == REFUSED and order.letters == 0 then settle(order, KEYS[2], milliseconds(), tonumber(ARGV[3])) end
end
return commit({ 'ok' })
