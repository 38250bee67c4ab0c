-- Removes a dead letter for good. A letter in doubt stays until its order has ended, because the letter is the only way to end the order.
-- Without the letter of an event Postgres never gets that event. So the event counts as stored, and its order need not stay in Redis for it.
-- KEYS: dead, leaving   ARGV: letter, prefix of order keys, time to live in ms
local letter = readLetter(KEYS[1], ARGV[1])
if not letter then return { 'unknown' } end
local order = letter.orderId ~= '' and marksOf(ARGV[2] .. letter.orderId, letter.orderId) or {}
if order.isUnreadable then return redis.error_reply(notes.unreadable[2]) end
if letter.reason == 'IN_DOUBT' and order.state and not FINAL[order.state] then return { 'doubt' } end
write('XDEL', KEYS[1], ARGV[1])
if letter.stream == EVENTS then
  mark(order, tonumber(letter.seq))
  saveMarks(order, KEYS[2], milliseconds(), tonumber(ARGV[3]))
end
return commit({ 'ok' })
