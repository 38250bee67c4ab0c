-- The functions of the scripts that take many orders in one call. Such a script takes the usual step of an order and no other. It takes the step
-- whole, or leaves the order as it is. Where anything is unusual, the caller asks the script for one order, which decides.

local at = integer(milliseconds())
local unpublished, refusal = 0, ''

-- Whether the caller may run all these commands, each on its key: `{command, key, command, key, ...}`. Asked once for keys that have the same rights.
local function mayRun(commands)
  for index = 1, #commands, 2 do
    if not redis.acl_check_cmd(commands[index], commands[index + 1]) then return false end
  end
  return true
end

-- Adds an entry. Returns its id; nil if the stream takes none.
local function add(stream, ...)
  local id = redis.pcall('XADD', stream, '*', ...)
  return type(id) == 'string' and id or nil
end

-- Adds an entry to two streams, or to none. Without `second` to one. Returns the first id; nil if nothing was added.
local function addTo(first, fields, second, id)
  local entry = add(first, unpack(fields))
  if entry and second and not add(second, 'id', id) then
    redis.call('XDEL', first, entry)
    return nil
  end
  return entry
end

-- Whether a consumer holds an entry; with `isFirst`, whether by its first delivery.
local function holds(stream, group, consumer, entry, isFirst)
  local row = redis.call('XPENDING', stream, group, entry, entry, 1, consumer)[1]
  return row and (not isFirst or row[4] == 1)
end

-- Whether a time limit or a deadline is over; an order without a deadline has none to pass.
local function isOver(limit) return limit and tonumber(at) > tonumber(limit) end

-- Appends a field and its value to a command.
local function put(command, name, value) command[#command + 1], command[#command + 2] = name, value end

local function tell(channel, message)
  local answer = redis.pcall('PUBLISH', channel, message)
  if type(answer) == 'table' then
    unpublished = unpublished + 1
    refusal = answer.err
  end
end

-- The texts of events, each without its first brace. An event comes as its type and what follows its seq; `seq` is that of the first.
local function textsOf(seq, events)
  local texts = {}
  for index, event in ipairs(events) do texts[index] = '"t":' .. at .. ',"seq":' .. integer(seq + index - 1) .. ',' .. event[2] end
  return texts
end

-- The lines of events for the order's hash.
local function linesOf(texts) return '{' .. table.concat(texts, '\n{') end

-- Tells the subscribers of an order and of its user about events.
local function announce(id, user, events, texts)
  for index, text in ipairs(texts) do
    local message = '{"orderId":"' .. id .. '","status":"' .. events[index][1] .. '",' .. text
    tell(UPDATES .. id, message)
    if user then tell(USER_UPDATES .. user, message) end
  end
end

-- The reply, inside the notes that the caller understands if messages were refused.
local function answered(reply)
  if unpublished == 0 then return reply end
  return { 'noted', unpublished, refusal, 0, '', reply }
end
