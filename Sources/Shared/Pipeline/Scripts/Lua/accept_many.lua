-- Accepts new orders as `accept` does, many in one call. Answers for each order the id of its entry, or '' where `accept` has to look at it: the id
-- or the key is known, the engine is paused, it has grown or shrunk, or the time limit is over.
-- KEYS: accepted, events, deadlines, paused, placing, then for each order: order, with a key its idempotency record, with a user the user's list
-- ARGV: the first event from its seq on, then for each order: order, fingerprint, time limit, what else it has (letters: k a key, u a user, d a
--       deadline), then for these: record's time to live, request's digest, slippageBps, count of partitions; user, createdAt; deadline
local accepted, events, deadlines = KEYS[1], KEYS[2], KEYS[3]
local placed, line = 'pending 1 1 1 ' .. at .. ' ' .. SOURCE.router .. ':', '{"t":' .. at .. ',' .. ARGV[1]
local tail = '","status":"pending","t":' .. at .. ',' .. ARGV[1]
local isPaused = call('EXISTS', KEYS[4]) == 1
-- The count of partitions by which keys find their partition, once it has changed.
local placing = call('GET', KEYS[5])
local hasEnded = placing and tonumber(string.match(KEYS[5], '{(%d+)}')) >= tonumber(placing)
call('XLEN', accepted)
call('XLEN', events)
call('ZCARD', deadlines)
local mayWrite = mayRun({ 'XADD', accepted, 'XDEL', accepted, 'XADD', events, 'ZADD', deadlines, 'HSET', KEYS[6] })
local reply, number, index = {}, 6, 2

-- Takes the keys and arguments of what else an order has.
local function takeMore(letters)
  if letters == '' then return NOTHING end
  local more = {}
  if string.find(letters, 'k') then
    more.record, more.ttl, more.digest, more.slippage = KEYS[number], ARGV[index], ARGV[index + 1], ARGV[index + 2]
    more.isElsewhere = placing and placing ~= ARGV[index + 3]
    number, index = number + 1, index + 4
  end
  if string.find(letters, 'u') then
    more.list, more.user, more.createdAt = KEYS[number], ARGV[index], ARGV[index + 1]
    number, index = number + 1, index + 2
  end
  if string.find(letters, 'd') then
    more.deadline = ARGV[index]
    index = index + 1
  end
  return more
end

local function isNew(key, limit, record, list)
  if not mayWrite or isPaused or hasEnded or isOver(limit) or call('EXISTS', key, record or key) > 0 then return false end
  if record and not mayRun({ 'HSET', record, 'PEXPIRE', record }) then return false end
  return not list or type(try('ZCARD', list)) == 'number' and mayRun({ 'ZADD', list })
end

local function accept(key, order, fingerprint, limit, more)
  local id, record, user, deadline = idOf(key), more.record, more.user, more.deadline
  if more.isElsewhere or not isNew(key, limit, record, more.list) then return '' end
  local job = addRound(accepted, id, '1', events)
  if not job then return '' end
  local fields = NOTHING
  if deadline then
    fields = { 'x', deadline }
    call('ZADD', deadlines, deadline, id)
  end
  if user then
    fields = { 'u', user, unpack(fields) }
    call('ZADD', more.list, more.createdAt, id)
  end
  call('HSET', key, 's', placed .. job, '1', line, 'p', ANNOUNCED, 'o', order, 'f', job .. ' ' .. fingerprint, unpack(fields))
  if record then
    call('HSET', record, 'orderId', id, 'jobId', job, 'fingerprint', fingerprint, 'request', more.digest, 'slippageBps', more.slippage)
    call('PEXPIRE', record, more.ttl)
  end
  publish(UPDATES .. id, '{"orderId":"' .. id .. tail, user)
  return job
end

while KEYS[number] do
  local key, first = KEYS[number], index
  number, index = number + 1, index + 4
  reply[#reply + 1] = accept(key, ARGV[first], ARGV[first + 1], ARGV[first + 2], takeMore(ARGV[first + 3]))
end
return answered(reply)
