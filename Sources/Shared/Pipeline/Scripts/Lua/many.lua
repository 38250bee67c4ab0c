-- The functions of the scripts that take many orders, or many transactions, in one call. They write without `commit`, so each of them asks first
-- whether Redis would refuse a write.
--
-- Such a script is made for few calls of Redis and for few texts: to Redis' Lua each text that is made or handed over costs about ten instructions
-- a byte, because all texts are kept in one table by their hash. So no text is made twice, or in parts.

local call, try, allows, unpack, concat, find, match, sub = redis.call, redis.pcall, redis.acl_check_cmd, unpack, table.concat, string.find,
  string.match, string.sub
local KEYS, ARGV = KEYS, ARGV
local clock = readClock()
local now, at = clock.at, integer(clock.at)
local silent, away = { 0, '' }, { 0, '' }
local NOTHING = {}

-- Whether the caller may run all these commands, each on its key: `{command, key, command, key, ...}`. Asked once for keys that have the same rights.
local function mayRun(commands)
  for index = 1, #commands, 2 do
    if not allows(commands[index], commands[index + 1]) then return false end
  end
  return true
end

-- Fails with Redis' own words if the caller may not run a command. The command is sent to get those words.
local function demand(command, key, ...)
  if allows(command, key) then return end
  call(command, key, ...)
  error('a write that was expected to be refused was not: ' .. command)
end

-- Counts a thing that could not be done, for the calling process. Keeps the first reason that Redis gave.
local function note(kind, reason)
  if kind[1] == 0 then kind[2] = reason end
  kind[1] = kind[1] + 1
end

-- Adds an entry. Returns its id; nil if the stream takes none, and Redis' error.
local function add(stream, ...)
  local id = try('XADD', stream, '*', ...)
  if type(id) == 'string' then return id end
  return nil, id
end

-- Adds the entry for a round of an order, and to `events` the one that stands for its events, or neither. Without `events` the first alone. Returns
-- the id of the first; nil if nothing was added.
local function addRound(stream, id, round, events)
  local entry = add(stream, 'id', id, 'round', round)
  if entry and events and not add(events, 'id', id) then
    call('XDEL', stream, entry)
    return nil
  end
  return entry
end

-- Adds an entry to a stream for each item, or fails and adds none: only an add shows that a stream has used up its ids. `fieldsOf` returns the fields
-- of an item's entry.
local function addAll(stream, items, fieldsOf)
  local added = {}
  for index, item in ipairs(items) do
    local entry, refusal = add(stream, fieldsOf(item))
    if not entry then
      if added[1] then try('XDEL', stream, unpack(added)) end
      error(refusal)
    end
    added[index] = entry
  end
end

-- Whether a time limit or a deadline is over; an order without a deadline has none to pass.
local function isOver(limit) return limit and now > tonumber(limit) end

-- The id of an order, a UUID, is the end of its key.
local function idOf(key) return sub(key, -36) end

local function publish(channel, message)
  local answer = try('PUBLISH', channel, message)
  if type(answer) == 'table' then note(silent, answer.err) end
end

-- The reply, inside the notes that the caller understands if there are any.
local function answered(reply)
  if silent[1] + away[1] == 0 then return reply end
  return { 'noted', silent[1], silent[2], away[1], away[2], reply }
end
