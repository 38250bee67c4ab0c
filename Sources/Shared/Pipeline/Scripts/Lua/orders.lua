-- The functions for orders. They come before each script that reads or moves an order, after SENTENCES and the tables of the state machine. An order
-- is one hash; docs/state-machine.md lists its fields.

-- s: where the order is; p: how its events stand with Postgres; x: deadline; u: user; v: venues; l: the remark about the part that has landed; d: the
-- starts that were counted; b: the dead letters of its events; h: the account whose open orders count it; w, n: where it waits for its price; y:
-- until when; c: the other order of its pair.
local FIELDS = { 's', 'p', 'x', 'u', 'v', 'l', 'd', 'b', 'h', 'w', 'n', 'y', 'c' }

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
  order.spot, order.renewal, order.expiry, order.sibling = values[10] or '', values[11] or '', values[12] or '', values[13] or ''
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

-- What begins all keys of an order's partition.
local function headOf(order) return string.sub(order.key, 1, -1 - #ORDER - #order.id) end

-- The set of the open orders of an order's account, in the order's partition.
local function openOf(order) return headOf(order) .. OPEN .. order.account end

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

-- Whether a sorted set of prices has the order, and whether another order of a pair keeps it out of there: what `entry` says of an order that waits.
local ARMED, HELD = 'waits', 'held'

-- The places of an order that waits: each the name of a set and the member. `w` and, where a trigger trails, `n` hold the name and the price's key.
local function spotsOf(order)
  local spots = {}
  for _, text in ipairs({ order.spot, order.renewal }) do
    local set, key = string.match(text, '^(%S+) (%d+)$')
    if set then spots[#spots + 1] = { set = set, member = key .. ':' .. order.id } end
  end
  return spots
end

-- Puts an order where a mark finds it.
local function arm(order)
  local sets = headOf(order) .. WAITS
  for _, spot in ipairs(spotsOf(order)) do
    write('ZADD', sets .. ':' .. spot.set, 0, spot.member)
    write('SADD', sets, spot.set)
  end
  order.entry = ARMED
end

-- Takes an order out of there. An order that waits for its next turn there is in no set: its retry will find that it has gone on.
local function disarm(order)
  if order.entry == ARMED then
    local sets = headOf(order) .. WAITS
    for _, spot in ipairs(spotsOf(order)) do write('ZREM', sets .. ':' .. spot.set, spot.member) end
  end
  if order.entry == ARMED or order.entry == HELD then order.entry = '' end
end

-- Moves an order that a mark can find to other places. It is added to them first: a set that became empty in between would be a key that is not
-- there, which a Redis Cluster refuses while its slot moves.
local function rearm(order, spot, renewal)
  local former = spotsOf(order)
  order.spot, order.renewal = spot, renewal
  arm(order)
  local stays = {}
  for _, each in ipairs(spotsOf(order)) do stays[each.set .. ' ' .. each.member] = true end
  for _, each in ipairs(former) do
    if not stays[each.set .. ' ' .. each.member] then write('ZREM', headOf(order) .. WAITS .. ':' .. each.set, each.member) end
  end
end

-- Ends an order that waits.
local function endWaiting(order, at, state, message)
  order.state = state
  disarm(order)
  event(order, at, state, 0, message .. order.remark)
  if order.expiry ~= '' then write('ZREM', headOf(order) .. DEADLINES, order.id) end
end

-- What becomes of the other order of a pair when one has moved. Once any of it is filled, or it is cancelled, the other is cancelled. If it is open
-- again or has failed, the other is no longer held. While it is under way the other is held, so the two never fill both.
local function settlePair(order, at)
  if order.sibling == '' then return end
  local other = find(headOf(order) .. ORDER .. order.sibling, order.sibling)
  if not other or other.state ~= 'open' then return end
  if order.state == 'confirmed' or order.state == 'cancelled' or order.remark ~= '' then
    endWaiting(other, at, 'cancelled', order.state == 'cancelled' and SENTENCES.cancelled or SENTENCES.otherFilled)
    save(other, headOf(order) .. EVENTS)
  elseif other.entry == HELD and (FINAL[order.state] or order.state == 'open') then
    arm(other)
    write('HSET', other.key, 's', place(other))
  end
end

-- Whether the end has passed up to which an order may wait. From then on its price fires it no more, even if nobody has swept it yet.
local function hasWaited(order, at)
  return order.expiry ~= '' and tonumber(order.expiry) < at
end

local function expireNow(order, at, events)
  endWaiting(order, at, 'expired', SENTENCES.expired)
  save(order, events)
  settlePair(order, at)
end

local function failNow(order, at, deadlines, code)
  local sentence = SENTENCES[code] .. order.remark
  order.state = 'failed'
  event(order, at, 'failed', 0, sentence,
    '"error":{"code":"' .. code .. '","message":"' .. sentence .. '","retryable":false},"totalAttempts":' .. integer(order.attempt))
  if order.deadline ~= '' then write('ZREM', deadlines, order.id) end
  settlePair(order, at)
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

-- Writes a new order: its hash, its first event, and its entry on `accepted` or its place among those that wait. Returns what gives the id of the
-- entry that stands for it: the one on `accepted`, or the one on the events stream.
-- `sheet`: id, details, fingerprint, deadline, user, account, w, n, k, y, c, q, and for an order that waits the message and the members of its event.
local function create(head, sheet, at, createdAt)
  local order = {
    key = head .. ORDER .. sheet.id, id = sheet.id, lines = {}, messages = {}, changed = {}, round = 1, attempt = 1, seq = 0, unstored = '',
    deadline = sheet.deadline, user = sheet.user, account = sheet.account, spot = sheet.spot, renewal = sheet.renewal, expiry = sheet.expiry,
    remark = '',
  }
  local job
  if sheet.spot == '' then
    order.state = 'pending'
    job = add(head .. SOURCE.router, 'id', sheet.id, 'round', 1)
    order.entry = function() return SOURCE.router .. ':' .. job() end
    event(order, at, 'pending', 0, SENTENCES.pending)
  else
    order.state = 'open'
    arm(order)
    job = add(head .. EVENTS, 'id', sheet.id)
    order.unstored = ANNOUNCED
    set(order, 'p', ANNOUNCED)
    event(order, at, 'open', 0, sheet.message, sheet.members)
  end
  set(order, 'o', sheet.details)
  set(order, 'f', function() return job() .. ' ' .. sheet.fingerprint end)
  local fields = {
    x = sheet.deadline, u = sheet.user, h = sheet.account, w = sheet.spot, n = sheet.renewal, k = sheet.trail, y = sheet.expiry, c = sheet.sibling,
    q = sheet.follows,
  }
  for _, name in ipairs({ 'x', 'u', 'h', 'w', 'n', 'k', 'y', 'c', 'q' }) do
    if fields[name] ~= '' then set(order, name, fields[name]) end
  end
  save(order, head .. EVENTS)
  local ends = sheet.deadline ~= '' and sheet.deadline or sheet.expiry
  if ends ~= '' then write('ZADD', head .. DEADLINES, ends, sheet.id) end
  if sheet.user ~= '' then write('ZADD', head .. USER .. sheet.user, createdAt, sheet.id) end
  return job
end

-- The values of a sheet that come in turn among the arguments, from `first` on. SHEET is how many they are.
local SHEET = 12
local function sheetAt(first, user, account)
  local sheet = { user = user, account = account }
  local names = { 'id', 'details', 'fingerprint', 'deadline', 'spot', 'renewal', 'trail', 'expiry', 'sibling', 'follows', 'message', 'members' }
  for index, name in ipairs(names) do sheet[name] = ARGV[first + index - 1] end
  return sheet
end
