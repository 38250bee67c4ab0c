-- What all scripts know of streams, groups and sets by time.

-- Names and values that Redis lists in turn, as a table.
local function named(list)
  local values = {}
  for index = 1, #list, 2 do values[list[index]] = list[index + 1] end
  return values
end

-- What XINFO tells of a group; nil where stream or group is not there. The second answer says whether it could tell nothing of the stream.
local function groupOf(stream, name)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil, true end
  for _, row in ipairs(groups) do
    local group = named(row)
    if group.name == name then return group, false end
  end
  return nil, false
end

-- Whether an entry of a stream came before another, by their ids.
local function olderID(a, b)
  local timeA, restA = string.match(a, '^(%d+)-(%d+)$')
  local timeB, restB = string.match(b, '^(%d+)-(%d+)$')
  if timeA ~= timeB then return tonumber(timeA) < tonumber(timeB) end
  return tonumber(restA) < tonumber(restB)
end

-- Whether a key that was found on the way can be written by a command; else that is noted.
local function isWritable(command, key)
  local reply = redis.pcall(PROBE[command], key)
  if type(reply) == 'table' then
    note('unreadable', reply.err)
    return false
  end
  isProbed[key] = true
  return true
end

-- Leaves a member of a sorted set by time that cannot be worked off now for a second later, so that it does not keep others from their turn.
local function postpone(key, member, at) write('ZADD', key, 'XX', integer(at + 1000), member) end

-- The pending entry of a group as {id, consumer, idle, deliveries}; nil when it is not pending or stream or group is gone.
local function pending(stream, group, entry)
  local reply = redis.pcall('XPENDING', stream, group, entry, entry, 1)
  if reply.err or #reply == 0 then return nil end
  isProbed[stream] = true
  return reply[1]
end
