-- Takes a dead letter away for good. One in doubt stays as long as its order has not ended: with it would go the only way to end it.
-- KEYS: dead   ARGV: letter, prefix of order keys
local letter = readLetter(KEYS[1], ARGV[1])
if not letter then return { 'unknown' } end
if letter.reason == 'IN_DOUBT' then
  local state = redis.call('HGET', ARGV[2] .. letter.orderId, 'state')
  if state and not FINAL[state] then return { 'doubt' } end
end
write('XDEL', KEYS[1], ARGV[1])
return commit({ 'ok' })
