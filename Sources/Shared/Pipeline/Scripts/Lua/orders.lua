-- The functions for orders. They come before each script that reads or moves an order, after SENTENCES and the tables of the state machine. An order
-- is one hash.

local FIELDS = {
  'state', 'round', 'attempt', 'seq', 'progress', 'maxAttempts', 'deadline', 'user', 'common', 'route', 'quotes', 'dex', 'txHash',
  'entry', 'starts', 'stored', 'order', 'clock', 'filled', 'filledRemark',
}

local MAX_FIELDS = 100

local function orderOf(values, key, id)
  if not values[1] then return nil end
  isProbed[key] = true
  local order = { key = key, id = id, events = {}, changed = {} }
  for index, name in ipairs(FIELDS) do order[name] = values[index] or '' end
  for _, name in ipairs({ 'round', 'attempt', 'seq', 'progress', 'maxAttempts' }) do order[name] = tonumber(order[name]) end
  return order
end

local function load(key, id) return orderOf(redis.call('HMGET', key, unpack(FIELDS)), key, id) end

-- Reads an order that a script found on its way. If it cannot be read now, notes that and answers nil, true: the script must leave the order as it
-- is.
local function find(key, id)
  local values = redis.pcall('HMGET', key, unpack(FIELDS))
  if values.err then
    note('unreadable', values.err)
    return nil, true
  end
  return orderOf(values, key, id), false
end

-- Records that an event gives the order a status. `clock` holds that status, when it began in ms, and the ms spent in each status so far: `routing
-- 1700 pending=12`. Answers these times for the last event, or '' for an order that began before there was a clock.
local function tick(order, at, status)
  local spent, total = {}, 0
  local was, since, rest = string.match(order.clock, '^(%a+) (%d+)(.*)$')
  for name, ms in string.gmatch(rest or '', ' (%a+)=(%d+)') do spent[name] = tonumber(ms) end
  if was then spent[was] = (spent[was] or 0) + math.max(0, at - tonumber(since)) end
  local clock, members = { status, integer(at) }, {}
  for _, name in ipairs(OPEN) do
    if spent[name] then
      clock[#clock + 1] = name .. '=' .. integer(spent[name])
      members[#members + 1] = '"' .. name .. '":' .. integer(spent[name])
      total = total + spent[name]
    end
  end
  order.clock = table.concat(clock, ' ')
  if not spent.pending then return '' end
  members[#members + 1] = '"total":' .. integer(total)
  return '"stageMs":{' .. table.concat(members, ',') .. '}'
end

-- Sets a field that `save` writes to the hash. The value may be a function, as in `write`.
local function set(order, name, value)
  order.changed[#order.changed + 1] = name
  order.changed[#order.changed + 1] = value
  order[name] = value
end

-- Adds an event to those that `save` writes. `options.status` is set only if the status differs from the type.
local function event(order, at, kind, progress, message, extra, options)
  options = options or {}
  order.seq = order.seq + 1
  local times = tick(order, at, options.status or kind)
  local parts = {
    '{"orderId":"', order.id, '","seq":', order.seq, ',"type":"', kind, '","status":"', options.status or kind,
    '","progress":', progress, ',"timestamp":"', iso(at), '","message":"', message,
    '","attempt":', order.attempt, ',"maxAttempts":', order.maxAttempts,
  }
  local function append(fragment)
    if fragment ~= '' then
      parts[#parts + 1] = ','
      parts[#parts + 1] = fragment
    end
  end
  append(order.common)
  append(order.route)
  if options.quotes then append(order.quotes) end
  -- A transaction belongs to its attempt, from `submitted` to the end of that attempt.
  if order.txHash ~= '' and kind ~= 'routing' and kind ~= 'building' then append('"txHash":"' .. order.txHash .. '"') end
  append(extra or '')
  if kind == 'failed' then append(order.filled) end
  if FINAL[kind] then
    append(times)
    set(order, 'ended', integer(at))
  end
  parts[#parts + 1] = '}'
  order.events[#order.events + 1] = { order.seq, table.concat(parts) }
end

-- Writes the order and its new events to the order's hash, to the events stream and to the subscribers.
local function save(order, events)
  local row = {
    'HSET', order.key, 'state', order.state, 'round', order.round, 'attempt', order.attempt, 'seq', order.seq, 'progress', order.progress,
    'entry', order.entry, 'clock', order.clock,
  }
  for _, value in ipairs(order.changed) do row[#row + 1] = value end
  for _, entry in ipairs(order.events) do
    row[#row + 1] = 'e:' .. entry[1]
    row[#row + 1] = entry[2]
    add(events, 'id', order.id, 'seq', entry[1], 'event', entry[2], 'order', order.order)
    publish(UPDATES .. order.id, entry[2])
    if order.user ~= '' then publish(USER_UPDATES .. order.user, entry[2]) end
  end
  write(unpack(row))
end

local function allStored(order)
  return #order.stored == order.seq and not string.find(order.stored, '0', 1, true)
end

-- Starts the time to live of an order that is final, wholly stored and without an entry that stands for it.
local function leave(order, leaving, at, ttl)
  if not FINAL[order.state] or order.entry ~= '' or not allStored(order) then return end
  write('PEXPIRE', order.key, ttl)
  if order.user ~= '' then write('ZADD', leaving, at + ttl, order.id .. ':' .. order.user) end
end

-- Far more events than any order has. A wrong count in a hash must not fill Redis' memory with marks.
local MAX_EVENTS = 100000

-- The fields of an order that the marks of stored events and `leave` need. It does not read more, because a batch is hundreds of events. Has no `key`
-- if there is no such order.
local function marksOf(key, id)
  local values = redis.pcall('HMGET', key, 'state', 'seq', 'stored', 'entry', 'user')
  if values.err then
    note('unreadable', values.err)
    return { isUnreadable = true }
  end
  if not values[1] then return {} end
  return {
    key = key, id = id, state = values[1], seq = tonumber(values[2]), stored = values[3] or '', entry = values[4] or '', user = values[5] or '',
  }
end

-- Marks an event as one that need not be stored any more. A number that is no event of the order changes nothing.
local function mark(order, seq)
  if not order.key or not seq or seq ~= math.floor(seq) or seq < 1 or seq > order.seq or seq > MAX_EVENTS then return end
  if string.sub(order.stored, seq, seq) == '1' then return end
  local marks = order.stored .. string.rep('0', seq - #order.stored)
  order.stored = string.sub(marks, 1, seq - 1) .. '1' .. string.sub(marks, seq + 1)
  order.isMarked = true
end

-- Writes the marks if there are new ones. Starts the order's time to live if those were the last.
local function saveMarks(order, leaving, at, ttl)
  if not order.isMarked then return end
  write('HSET', order.key, 'stored', order.stored)
  leave(order, leaving, at, ttl)
end

-- Empties `entry` if it names the entry that was just acknowledged. Starts the order's time to live if nothing else held it.
local function dismiss(order, name, leaving, at, ttl)
  if order.entry ~= name then return end
  order.entry = ''
  write('HSET', order.key, 'entry', '')
  leave(order, leaving, at, ttl)
end

local function failNow(order, at, deadlines, code)
  local sentence = SENTENCES[code] .. order.filledRemark
  order.state = 'failed'
  event(order, at, 'failed', 0, sentence,
    '"error":{"code":"' .. code .. '","message":"' .. sentence .. '","retryable":false},"totalAttempts":' .. order.attempt)
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

-- A dead letter: the fields that `bury` wrote, the fields of its entry as a flat list in `fields`, and the entry's round and seq. Nil if it is gone.
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
      if name == 'f:seq' then letter.seq = value end
    elseif name ~= 'fields' and name ~= 'round' and name ~= 'seq' then
      letter[name] = value
    end
  end
  return letter
end
