-- Takes a dead letter away for good. One in doubt stays as long as its order has not ended: with it would go the only way to end it.
-- With the letter of an event goes the last chance that Postgres gets it, and the reason for its order to stay here.
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
