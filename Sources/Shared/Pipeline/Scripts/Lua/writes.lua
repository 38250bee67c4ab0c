-- How every script writes. Redis does not roll back a script that fails half-way. So a script reads and checks first, and collects its writes
-- (`write`, `add`, `publish`). `commit`, its last line, writes all of them, once nothing can be refused any more.

-- For each command a read that fails if the key has another type than the command needs, or is being moved away.
local PROBE = {
  HSET = 'HLEN', HDEL = 'HLEN', XADD = 'XLEN', XACK = 'XLEN', XDEL = 'XLEN', ZADD = 'ZCARD', ZREM = 'ZCARD', ZREMRANGEBYSCORE = 'ZCARD',
  SADD = 'SCARD', SREM = 'SCARD',
}
-- Keys that the script has read already with a command that would have failed too.
local isProbed = {}
local added, changed, published = {}, {}, {}
local notes = { unpublished = { 0, '' }, unreadable = { 0, '' } }

-- Counts a thing that could not be done, for the calling process. Keeps the first reason that Redis gave.
local function note(kind, reason)
  if notes[kind][1] == 0 then notes[kind][2] = reason end
  notes[kind][1] = notes[kind][1] + 1
end

-- Collects a command for `commit`. An argument may be a function: `commit` calls it, and it may use the ids of the entries that were added.
local function write(...) changed[#changed + 1] = { ... } end

-- Collects an entry that `commit` adds to a stream. Returns a function that gives the entry's id from then on.
local function add(stream, ...)
  local row = { 'XADD', stream, '*', ... }
  added[#added + 1] = row
  return function() return row.id end
end

-- Collects a message that `commit` sends last. A subscriber that misses it reads again. A message that Redis refuses is counted and changes nothing
-- else.
local function publish(channel, message) published[#published + 1] = { channel, message } end

-- Replaces the functions in a row by their results, or by `instead`.
local function resolve(row, instead)
  for index = 1, #row do
    local value = row[index]
    if type(value) == 'function' then row[index] = instead or value() end
  end
  return row
end

-- Fails with Redis' own words if a command would be refused: because of the type of its key, because the key is being moved away, or because of the
-- caller's rights. A command that the rights refuse is sent to get those words.
local function check(rows)
  for _, row in ipairs(rows) do
    local command, key = row[1], row[2]
    local probe = PROBE[command] or 'EXISTS'
    if not isProbed[key] then
      redis.call(probe, key)
      isProbed[key] = true
    end
    if not redis.acl_check_cmd(command, key) then
      redis.call(unpack(resolve(row, '')))
      error('a write that was expected to be refused was not: ' .. command)
    end
  end
end

-- Adds come first: only an add shows that a stream has used up its ids. If one fails, the entries added before it are removed again.
local function addAll()
  for index, row in ipairs(added) do
    local reply = redis.pcall(unpack(resolve(row)))
    if type(reply) == 'table' then
      for before = index - 1, 1, -1 do redis.pcall('XDEL', added[before][2], added[before].id) end
      error(reply)
    end
    row.id = reply
  end
end

-- Writes what was collected, or fails before the first write. Answers the reply with its functions called, inside the notes if there are any.
local function commit(reply)
  check(added)
  check(changed)
  addAll()
  for _, row in ipairs(changed) do redis.call(unpack(resolve(row))) end
  for _, message in ipairs(published) do
    local answer = redis.pcall(PUBLISH, message[1], message[2])
    if type(answer) == 'table' then note('unpublished', answer.err) end
  end
  if type(reply) == 'table' then resolve(reply) end
  local silent, away = notes.unpublished, notes.unreadable
  if silent[1] + away[1] == 0 then return reply end
  return { 'noted', silent[1], silent[2], away[1], away[2], reply }
end
