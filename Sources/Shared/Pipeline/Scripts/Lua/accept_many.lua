-- Accepts new orders as `accept` does, many in one call. Answers for each order the id of its entry, or '' where `accept` has to look at it: the id
-- or the key is known, the engine is paused, or the time limit is over.
-- KEYS: accepted, events, deadlines, paused, then for each order: order, idempotency record (the order's key again if there is none),
--       user (the order's key again if there is none)
-- ARGV: the first event from its type on, then for each order: id, order, user, deadline, createdAt, fingerprint, record's time to live, time limit,
--       request's digest, slippageBps
local first = { { 'pending', ARGV[1] } }
local texts = textsOf(1, first)
local isPaused = redis.call('EXISTS', KEYS[4]) == 1
redis.call('XLEN', KEYS[1])
redis.call('XLEN', KEYS[2])
redis.call('ZCARD', KEYS[3])
local mayWrite = mayRun({ 'XADD', KEYS[1], 'XDEL', KEYS[1], 'XADD', KEYS[2], 'ZADD', KEYS[3], 'HSET', KEYS[5] })
local reply = {}

local function isNew(key, record, userKey, limit)
  if not mayWrite or isPaused or isOver(limit) or redis.call('EXISTS', key, record) > 0 then return false end
  if record ~= key and not mayRun({ 'HSET', record, 'PEXPIRE', record }) then return false end
  return userKey == key or type(redis.pcall('ZCARD', userKey)) == 'number' and mayRun({ 'ZADD', userKey })
end

for number = 5, #KEYS, 3 do
  local key, record, userKey, index = KEYS[number], KEYS[number + 1], KEYS[number + 2], 2 + (number - 5) / 3 * 10
  local id, user, deadline, fingerprint = ARGV[index], ARGV[index + 2], ARGV[index + 3], ARGV[index + 5]
  local job = isNew(key, record, userKey, ARGV[index + 7]) and addTo(KEYS[1], { 'id', id, 'round', '1' }, KEYS[2], id)
  if job then
    local row = {
      'HSET', key, 's', 'pending 1 1 1 ' .. at .. ' ' .. SOURCE.router .. ':' .. job, '1', linesOf(texts), 'p', ANNOUNCED, 'o', ARGV[index + 1],
      'f', job .. ' ' .. fingerprint,
    }
    if deadline ~= '' then
      put(row, 'x', deadline)
      redis.call('ZADD', KEYS[3], deadline, id)
    end
    if user ~= '' then
      put(row, 'u', user)
      redis.call('ZADD', userKey, ARGV[index + 4], id)
    end
    redis.call(unpack(row))
    if record ~= key then
      redis.call('HSET', record, 'orderId', id, 'jobId', job, 'fingerprint', fingerprint, 'request', ARGV[index + 8], 'slippageBps', ARGV[index + 9])
      redis.call('PEXPIRE', record, ARGV[index + 6])
    end
    announce(id, user ~= '' and user, first, texts)
  end
  reply[#reply + 1] = job or ''
end
return answered(reply)
