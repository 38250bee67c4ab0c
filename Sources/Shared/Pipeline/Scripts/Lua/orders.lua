-- The functions for orders. They come before each script that reads or moves an order, after SENTENCES and the tables of the state machine. An order
-- is one hash; docs/state-machine.md lists its fields.

-- s: where the order is; p: how its events stand with Postgres; x: deadline; u: user; v: venues; l: the remark about the part that has landed; d: the
-- starts that were counted; b: the dead letters of its events; h: the account whose open orders count it.
local FIELDS = { 's', 'p', 'x', 'u', 'v', 'l', 'd', 'b', 'h' }

local MAX_FIELDS = 100

-- The parts of `s`: `state round attempt seq at entry`.
local function placeOf(text)
  local state, round, attempt, seq, at, entry = string.match(text, '^(%a+) (%d+) (%d+) (%d+) (%d+) (.*)$')
  if not state or not STATUS[state] then return nil end
  return { state = state, round = tonumber(round), attempt = tonumber(attempt), seq = tonumber(seq), at = tonumber(at), entry = entry }
end

local function unreadableText(key) return 'ERR ' .. key .. ' holds no order that this version can read' end

-- The order that a hash holds; nil if there is none, nil and a reason if it cannot be read.
local function orderOf(values, key, id)
  if not values[1] then return nil end
  isProbed[key] = true
  local order = placeOf(values[1])
  if not order then return nil, unreadableText(key) end
  order.key, order.id, order.lines, order.messages, order.changed = key, id, {}, {}, {}
  order.unstored, order.deadline, order.user = values[2] or '', values[3] or '', values[4] or ''
  order.venues, order.remark, order.starts = values[5] or '', values[6] or '', values[7] or ''
  order.letters, order.account = tonumber(values[8]) or 0, values[9] or ''
  return order
end

local function load(key, id)
  local order, reason = orderOf(redis.call('HMGET', key, unpack(FIELDS)), key, id)
  if reason then error({ err = reason }) end
  return order
end

-- Reads an order that a script found on its way. If it cannot be read now, notes that and answers nil, true: the script must leave the order as it
-- is.
local function find(key, id)
  local values = redis.pcall('HMGET', key, unpack(FIELDS))
  local order, reason
  if values.err then reason = values.err else order, reason = orderOf(values, key, id) end
  if reason then note('unreadable', reason) end
  return order, reason ~= nil
end

-- Sets a field that `save` writes to the hash. The value may be a function, as in `write`.
local function set(order, name, value)
  order.changed[#order.changed + 1] = name
  order.changed[#order.changed + 1] = value
end

-- The set of the open orders of an order's account, in the order's partition.
local function openOf(order) return string.sub(order.key, 1, -1 - #ORDER - #order.id) .. OPEN .. order.account end

-- Adds an event to those that `save` writes. A line says only what is new; the fold of all lines makes the events that clients see. No `progress`
-- repeats the last one. `status` is given only if it differs from the kind.
local function event(order, at, kind, progress, message, extra, status)
  order.seq = order.seq + 1
  order.at = at
  local parts = { '"t":', integer(at), ',"seq":', integer(order.seq), ',"type":"', kind, '"' }
  local function append(...) for _, part in ipairs({ ... }) do parts[#parts + 1] = part end end
  if status and status ~= kind then append(',"status":"', status, '"') end
  if progress then append(',"progress":', progress) end
  append(',"message":"', message, '","attempt":', integer(order.attempt))
  if extra and extra ~= '' then append(',', extra) end
  append('}')
  local line = table.concat(parts)
  order.lines[#order.lines + 1] = '{' .. line
  -- Who reads the channel finds the order and its status in each message.
  local head = '{"orderId":"' .. order.id .. '",'
  if not status or status == kind then head = head .. '"status":"' .. kind .. '",' end
  order.messages[#order.messages + 1] = head .. line
  if FINAL[kind] then
    if order.user ~= '' then set(order, 'e', integer(at)) end
    if order.account ~= '' then write('ZREM', openOf(order), order.id) end
  end
end

local function place(order)
  local entry = type(order.entry) == 'function' and order.entry() or order.entry
  return table.concat({
    order.state, integer(order.round), integer(order.attempt), integer(order.seq), integer(order.at), entry,
  }, ' ')
end

-- Writes the order and its new events to the order's hash and to the subscribers. An entry on the events stream stands for the new events.
local function save(order, events)
  local row = { 'HSET', order.key, 's', function() return place(order) end }
  for _, value in ipairs(order.changed) do row[#row + 1] = value end
  if order.lines[1] then
    row[#row + 1] = integer(order.seq - #order.lines + 1)
    row[#row + 1] = table.concat(order.lines, '\n')
    if order.unstored ~= ANNOUNCED then
      add(events, 'id', order.id)
      row[#row + 1] = 'p'
      row[#row + 1] = ANNOUNCED
    end
  end
  for _, message in ipairs(order.messages) do
    publish(UPDATES .. order.id, message)
    if order.user ~= '' then publish(USER_UPDATES .. order.user, message) end
  end
  write(unpack(row))
end

-- Starts the time to live of an order that is final, wholly stored and without an entry that stands for it.
local function leave(order, leaving, at, ttl)
  if not FINAL[order.state] or order.entry ~= '' or order.unstored ~= '' then return end
  write('PEXPIRE', order.key, ttl)
  if order.user ~= '' then write('ZADD', leaving, at + ttl, order.id .. ':' .. order.user) end
end

-- Notes that nothing of the order is left to store.
local function settle(order, leaving, at, ttl)
  order.unstored = ''
  write('HDEL', order.key, 'p')
  leave(order, leaving, at, ttl)
end

-- Notes that there is a dead letter of the order's events more, or one less. Each holds the order while Postgres lacks these events.
local function countLetter(order, change)
  order.letters = math.max(0, order.letters + change)
  write('HSET', order.key, 'b', integer(order.letters))
end

-- The member of `retries` that an order's entry names; nil if the order does not wait for its next attempt.
local function retryOf(order)
  local target = string.match(order.entry, '^' .. RETRIES .. ':(%a+):%d+$')
  return target and target .. ':' .. order.id .. ':' .. integer(order.round)
end

-- Empties `entry` if it names the entry that was just acknowledged. Starts the order's time to live if nothing else held it.
local function dismiss(order, name, leaving, at, ttl)
  if order.entry ~= name then return end
  order.entry = ''
  write('HSET', order.key, 's', place(order))
  leave(order, leaving, at, ttl)
end

local function failNow(order, at, deadlines, code)
  local sentence = SENTENCES[code] .. order.remark
  order.state = 'failed'
  event(order, at, 'failed', 0, sentence,
    '"error":{"code":"' .. code .. '","message":"' .. sentence .. '","retryable":false},"totalAttempts":' .. integer(order.attempt))
  if order.deadline ~= '' then write('ZREM', deadlines, order.id) end
end

-- Moves an entry to the dead letters with its original fields, each under `f:<name>`, and acknowledges it. Returns the letter's id as `add` does.
-- Of a huge entry it keeps the first fields only: a call takes no more than some thousand arguments, and the script would fail for ever.
local function bury(dead, stream, name, group, entry, reason, deliveries, id, at)
  local letter = {
    'reason', reason, 'stream', name, 'group', group, 'entry', entry, 'orderId', id, 'deliveries', deliveries, 'at', integer(at),
  }
  local found = redis.call('XRANGE', stream, entry, entry)
  if found[1] then
    for index = 1, math.min(#found[1][2], 2 * MAX_FIELDS), 2 do
      letter[#letter + 1] = 'f:' .. found[1][2][index]
      letter[#letter + 1] = found[1][2][index + 1]
    end
  end
  write('XACK', stream, group, entry)
  return add(dead, unpack(letter))
end

-- A dead letter: the fields that `bury` wrote, the fields of its entry as a flat list in `fields`, and the entry's round. Nil if it is gone.
local function readLetter(dead, id)
  local found = redis.call('XRANGE', dead, id, id)
  if not found[1] then return nil end
  local letter = { fields = {}, orderId = '' }
  for index = 1, #found[1][2], 2 do
    local name, value = found[1][2][index], found[1][2][index + 1]
    if string.sub(name, 1, 2) == 'f:' then
      letter.fields[#letter.fields + 1] = string.sub(name, 3)
      letter.fields[#letter.fields + 1] = value
      if name == 'f:round' then letter.round = value end
    elseif name ~= 'fields' and name ~= 'round' then
      letter[name] = value
    end
  end
  return letter
end
