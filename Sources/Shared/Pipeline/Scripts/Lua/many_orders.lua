-- The functions of the scripts that take many orders in one call.

local NOTHING = {}
-- What could not be done, for the calling process: messages that were not sent, and orders that could not be read. How many, and the first reason
-- that Redis gave.
local silent, away = { 0, '' }, { 0, '' }

local function note(kind, reason)
  if kind[1] == 0 then kind[2] = reason end
  kind[1] = kind[1] + 1
end

-- Whether the caller may run all these commands, each on its key: `{command, key, command, key, ...}`. Asked once for keys that have the same rights.
local function mayRun(commands)
  for index = 1, #commands, 2 do
    if not allows(commands[index], commands[index + 1]) then return false end
  end
  return true
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

-- Whether a time limit or a deadline is over; an order without a deadline has none to pass.
local function isOver(limit) return limit and now > tonumber(limit) end

-- The id of an order, a UUID, is the end of its key.
local function idOf(key) return sub(key, -36) end

-- The set of the open orders of an account, in the partition of an order's key.
local function openOf(key, account) return sub(key, 1, -37 - #ORDER) .. OPEN .. account end

-- Sends a message on the channel of an order, and on that of its user if it has one. A message that Redis refuses changes nothing else.
local function publish(channel, message, user)
  local heard = try(PUBLISH, channel, message)
  if heard ~= 0 and type(heard) == 'table' then note(silent, heard.err) end
  if user then publish(USER_UPDATES .. user, message) end
end

-- The reply, inside the notes that the caller understands if there are any.
local function answered(reply)
  if silent[1] + away[1] == 0 then return reply end
  return { 'noted', silent[1], silent[2], away[1], away[2], reply }
end
