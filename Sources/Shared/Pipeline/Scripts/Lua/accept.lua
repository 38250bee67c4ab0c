-- Accepts an order, or a pair of which at most one fills: writes the hash, the first event and the entry of each, and the idempotency record, or
-- nothing. This script does not have allow-oom: a full Redis takes no new orders and lets the others drain.
-- KEYS: order, idempotency record (the order's key again if there is none), paused, placing,
--       then, where orders of its account are counted, in each partition the account's open orders, and in each its recent ones; this one's first
-- ARGV: prefix of all keys, user, createdAt, record's time to live, time limit, request's digest, slippageBps, the count of partitions by which the
--       key was given this partition ('' if any partition will do), where orders are counted the account, how many may be open, and how many may be
--       accepted within a minute ('' for any number), then a sheet (see `create`) for each order
local head, user, createdAt, ttl, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local account, mayBeOpen, mayBeRecent = ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local FIRST, ACCOUNTS = 12, 5
local at = milliseconds()
local sheets = {}
for first = FIRST, #ARGV, SHEET do sheets[#sheets + 1] = sheetAt(first, user, mayBeOpen and account or '') end
local id, fingerprint = sheets[1].id, sheets[1].fingerprint

-- The client sends the same id again after a lost reply.
local known = redis.call('HGET', KEYS[1], 'f')
if known then
  local job, print = string.match(known, '^(%S+) (.*)$')
  if print ~= fingerprint then return { 'collision' } end
  return { 'replay', id, job }
end
if sheets[2] and redis.call('EXISTS', head .. ORDER .. sheets[2].id) == 1 then return { 'collision' } end
local hasRecord = KEYS[2] ~= KEYS[1]
if hasRecord then
  local record = redis.call('HMGET', KEYS[2], 'orderId', 'jobId', 'fingerprint')
  if record[1] then
    if record[3] ~= fingerprint then return { 'conflict', record[1] } end
    return { 'replay', record[1], record[2] }
  end
end
-- Once the engine has grown, a process that does not know of it looks for the record of a key, or counts orders, in too few partitions.
local placing = redis.call('GET', KEYS[4])
if placing and ARGV[8] ~= '' and ARGV[8] ~= placing then return { 'moved' } end
-- Nobody reads a partition that has ended. A process that was frozen meanwhile does not know that it has.
if placing and tonumber(string.match(KEYS[4], '{(%d+)}')) >= tonumber(placing) then return { 'moved' } end
-- This check comes after the replays: an order that was accepted before the pause stays accepted, and the client may ask for its answer again.
local pause = redis.call('HMGET', KEYS[3], 'since', 'reason')
if pause[1] then return { 'paused', pause[2] or '' } end
-- This check is last: an order that was accepted in time stays accepted, however late the client asks for the reply again.
if at > limit then return { 'late', integer(at) } end

local MINUTE = 60000
local partitions = (#KEYS - ACCOUNTS + 1) / 2
local openAt, recentAt, lately = ACCOUNTS, ACCOUNTS + partitions, '(' .. integer(at - MINUTE)

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

if mayBeOpen and count(openAt, 'ZCARD') + #sheets > mayBeOpen then return { 'open' } end
if mayBeRecent and count(recentAt, 'ZCOUNT', lately, '+inf') + #sheets > mayBeRecent then return { 'recent', integer(untilFewer()) } end

local jobs = {}
if mayBeRecent then write('ZREMRANGEBYSCORE', KEYS[recentAt], '-inf', integer(at - MINUTE)) end
for number, sheet in ipairs(sheets) do
  jobs[number] = create(head, sheet, at, createdAt)
  if mayBeOpen then write('ZADD', KEYS[openAt], integer(at), sheet.id) end
  if mayBeRecent then write('ZADD', KEYS[recentAt], integer(at), sheet.id) end
end
if mayBeRecent then write('PEXPIRE', KEYS[recentAt], MINUTE) end
if hasRecord then
  write('HSET', KEYS[2], 'orderId', id, 'jobId', jobs[1], 'fingerprint', fingerprint, 'request', ARGV[6], 'slippageBps', ARGV[7])
  write('PEXPIRE', KEYS[2], ttl)
end
return commit({ 'accepted', id, jobs[1] })
