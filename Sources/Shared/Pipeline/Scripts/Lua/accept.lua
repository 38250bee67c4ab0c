-- Accepts an order: writes its hash, its first event, its entry on `accepted` and its idempotency record, or nothing.
-- This script does not have allow-oom: a full Redis takes no new orders and lets the others drain.
-- KEYS: order, idempotency record (the order's key again if there is none), accepted, events, deadlines, user, paused, placing,
--       then, where orders of its account are counted, in each partition the account's open orders, and in each its recent ones; this one's first
-- ARGV: id, order, user, deadline, createdAt, fingerprint, record's time to live, time limit, request's digest, slippageBps,
--       the count of partitions by which the key was given this partition ('' if any partition will do),
--       then, where they are counted, the account, how many may be open, and how many may be accepted within a minute ('' for any number)
local id, fingerprint, ttl, limit = ARGV[1], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local at = milliseconds()

-- The client sends the same id again after a lost reply.
local known = redis.call('HGET', KEYS[1], 'f')
if known then
  local job, print = string.match(known, '^(%S+) (.*)$')
  if print ~= fingerprint then return { 'collision' } end
  return { 'replay', id, job }
end
local hasRecord = KEYS[2] ~= KEYS[1]
if hasRecord then
  local record = redis.call('HMGET', KEYS[2], 'orderId', 'jobId', 'fingerprint')
  if record[1] then
    if record[3] ~= fingerprint then return { 'conflict', record[1] } end
    return { 'replay', record[1], record[2] }
  end
end
-- Once the engine has grown, a process that does not know of it looks for the record of a key, or counts orders, in too few partitions.
local placing = redis.call('GET', KEYS[8])
if placing and ARGV[11] ~= '' and ARGV[11] ~= placing then return { 'moved' } end
-- Nobody reads a partition that has ended. A process that was frozen meanwhile does not know that it has.
if placing and tonumber(string.match(KEYS[8], '{(%d+)}')) >= tonumber(placing) then return { 'moved' } end
-- This check comes after the replays: an order that was accepted before the pause stays accepted, and the client may ask for its answer again.
local pause = redis.call('HMGET', KEYS[7], 'since', 'reason')
if pause[1] then return { 'paused', pause[2] or '' } end
-- This check is last: an order that was accepted in time stays accepted, however late the client asks for the reply again.
if at > limit then return { 'late', integer(at) } end

local account, mayBeOpen, mayBeRecent = ARGV[12], tonumber(ARGV[13] or ''), tonumber(ARGV[14] or '')
local MINUTE = 60000
local partitions = (#KEYS - 8) / 2
local openAt, recentAt, lately = 9, 9 + partitions, '(' .. integer(at - MINUTE)

local function count(first, command, ...)
  local sum = 0
  for number = first, first + partitions - 1 do sum = sum + redis.call(command, KEYS[number], ...) end
  return sum
end

-- How long it takes until the oldest of the recent orders is none any more.
local function untilFewer()
  local oldest = at
  for number = recentAt, #KEYS do
    local first = redis.call('ZRANGEBYSCORE', KEYS[number], lately, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    oldest = math.min(oldest, tonumber(first[2] or oldest))
  end
  return oldest + MINUTE - at
end

if mayBeOpen and count(openAt, 'ZCARD') >= mayBeOpen then return { 'open' } end
if mayBeRecent and count(recentAt, 'ZCOUNT', lately, '+inf') >= mayBeRecent then return { 'recent', integer(untilFewer()) } end

local job = add(KEYS[3], 'id', id, 'round', 1)
local order = {
  key = KEYS[1], id = id, lines = {}, messages = {}, changed = {}, state = 'pending', round = 1, attempt = 1, seq = 0, unstored = '',
  deadline = ARGV[4], user = ARGV[3], account = '', entry = function() return SOURCE.router .. ':' .. job() end,
}
event(order, at, 'pending', 0, SENTENCES.pending)
set(order, 'o', ARGV[2])
set(order, 'f', function() return job() .. ' ' .. fingerprint end)
if order.deadline ~= '' then set(order, 'x', order.deadline) end
if order.user ~= '' then set(order, 'u', order.user) end
if mayBeOpen then
  set(order, 'h', account)
  write('ZADD', KEYS[openAt], integer(at), id)
end
if mayBeRecent then
  write('ZREMRANGEBYSCORE', KEYS[recentAt], '-inf', integer(at - MINUTE))
  write('ZADD', KEYS[recentAt], integer(at), id)
  write('PEXPIRE', KEYS[recentAt], MINUTE)
end
save(order, KEYS[4])
if hasRecord then
  write('HSET', KEYS[2], 'orderId', id, 'jobId', job, 'fingerprint', fingerprint, 'request', ARGV[9], 'slippageBps', ARGV[10])
  write('PEXPIRE', KEYS[2], ttl)
end
if order.deadline ~= '' then write('ZADD', KEYS[5], order.deadline, id) end
if order.user ~= '' then write('ZADD', KEYS[6], ARGV[5], id) end
return commit({ 'accepted', id, job })
