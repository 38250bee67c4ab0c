-- How scripts write that take many orders, or many transactions, in one call. They write without `commit`, so each of them asks first whether Redis
-- would refuse a write.
--
-- Such a script is made for few calls of Redis and for few texts: to Redis' Lua each text that is made or handed over costs about ten instructions
-- a byte, because all texts are kept in one table by their hash. So no text is made twice, or in parts.

local call, try, allows, unpack, match, sub = redis.call, redis.pcall, redis.acl_check_cmd, unpack, string.match, string.sub
local KEYS, ARGV = KEYS, ARGV
local clock = readClock()
local now, at = clock.at, integer(clock.at)

-- Fails with Redis' own words if the caller may not run a command. The command is sent to get those words.
local function demand(command, key, ...)
  if allows(command, key) then return end
  call(command, key, ...)
  error('a write that was expected to be refused was not: ' .. command)
end

-- Adds an entry. Returns its id; nil if the stream takes none, and Redis' error.
local function add(stream, ...)
  local id = try('XADD', stream, '*', ...)
  if type(id) == 'string' then return id end
  return nil, id
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
