-- How every script writes. A script that fails half-way is not rolled back. So a script reads and judges first and says meanwhile what it will write
-- (`write`, `add`, `publish`); `commit`, its last line, writes all of it, once nothing can be refused any more.

-- A read that fails where a key has another type than the command needs that may be written, or is being moved away.
local PROBE = {
  HSET = 'HLEN', XADD = 'XLEN', XACK = 'XLEN', XDEL = 'XLEN', ZADD = 'ZCARD', ZREM = 'ZCARD', ZREMRANGEBYSCORE = 'ZCARD',
}
-- Keys that were read already by something that would have failed as well.
local isProbed = {}
local added, changed, published = {}, {}, {}
local notes = { unpublished = { 0, '' }, unreadable = { 0, '' } }

-- Counts what could not be done, for the process that has called; with the first reason that Redis gave.
local function note(kind, reason)
  if notes[kind][1] == 0 then notes[kind][2] = reason end
  notes[kind][1] = notes[kind][1] + 1
end

-- A command that `commit` will write. An argument may be a function: it is called then, and may use the ids of what was added.
local function write(...) changed[#changed + 1] = { ... } end

-- An entry that `commit` will add to a stream. Returns a function that gives its id from then on.
local function add(stream, ...)
  local row = { 'XADD', stream, '*', ... }
  added[#added + 1] = row
  return function() return row.id end
end

-- A message that `commit` sends last. Whoever misses it reads again: one that Redis refuses is counted, and changes nothing else.
local function publish(channel, message) published[#published + 1] = { channel, message } end

-- A row, its functions replaced by what they answer or by something else.
local function resolve(row, instead)
  for index = 1, #row do
    local value = row[index]
    if type(value) == 'function' then row[index] = instead or value() end
  end
  return row
end

-- Fails where a command would be refused, in Redis' own words: by the type of its key, because the key is being moved away, or by the rights of the
-- caller. A command that these refuse is sent for that.
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

-- Adds first: that a stream has used up its ids shows only then. What was added before it is taken away again.
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

-- Writes what was said, or fails before the first write. Answers the reply, its functions called; where there is a note, with the notes around it.
local function commit(reply)
  check(added)
  check(changed)
  addAll()
  for _, row in ipairs(changed) do redis.call(unpack(resolve(row))) end
  for _, message in ipairs(published) do
    local answer = redis.pcall('PUBLISH', message[1], message[2])
    if type(answer) == 'table' then note('unpublished', answer.err) end
  end
  if type(reply) == 'table' then resolve(reply) end
  local silent, away = notes.unpublished, notes.unreadable
  if silent[1] + away[1] == 0 then return reply end
  return { 'noted', silent[1], silent[2], away[1], away[2], reply }
end
