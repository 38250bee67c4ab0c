-- Functions for the time that is kept, streams, groups and sets by time.

-- Keeps the time of a clock if that is due.
local function keepTime(clock)
  local command = keeping(clock)
  if command then write(unpack(command)) end
end

-- Makes a table from names and values that Redis lists in turn.
local function named(list)
  local values = {}
  for index = 1, #list, 2 do values[list[index]] = list[index + 1] end
  return values
end

-- The row of a group in XINFO; nil if the stream or the group is missing. The second answer is true if Redis could not list the groups.
local function groupOf(stream, name)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil, true end
  for _, row in ipairs(groups) do
    local group = named(row)
    if group.name == name then return group, false end
  end
  return nil, false
end

-- Whether entry id `a` came before `b`.
local function olderID(a, b)
  local timeA, restA = string.match(a, '^(%d+)-(%d+)$')
  local timeB, restB = string.match(b, '^(%d+)-(%d+)$')
  if timeA ~= timeB then return tonumber(timeA) < tonumber(timeB) end
  return tonumber(restA) < tonumber(restB)
end

-- Whether a command can write to a key that a script found on its way. Notes the reason if it cannot.
local function isWritable(command, key)
  local reply = redis.pcall(PROBE[command], key)
  if type(reply) == 'table' then
    note('unreadable', reply.err)
    return false
  end
  isProbed[key] = true
  return true
end

-- Postpones a member of a sorted set by time by one second. It cannot be handled now and must not keep others from their turn.
local function postpone(key, member, at) write('ZADD', key, 'XX', integer(at + 1000), member) end

-- The pending entry of a group as {id, consumer, idle, deliveries}; nil if it is not pending, or if the stream or group is gone.
local function pending(stream, group, entry)
  local reply = redis.pcall('XPENDING', stream, group, entry, entry, 1)
  if reply.err or #reply == 0 then return nil end
  isProbed[stream] = true
  return reply[1]
end
