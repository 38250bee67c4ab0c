-- Makes one legal transition of an order, with the source entry in hand, or changes nothing.
-- KEYS: order, source stream, events, routed, retries, deadlines, dead, leaving
-- ARGV: step, id, stage, entry, consumer, round, token, max starts, delay in ms, uses an attempt (1 or 0), time to live in ms,
--       the state in which the worker has seen the order ('' if any state will do), count of fields to set, their names and values,
--       count of events, for each of them: type, progress ('' repeats the last), message, the members that it adds,
--       then a sheet (see `create`) for each order that is placed because this one fills, and before the first the time of their request
local step, id, group, entry, consumer, round = STEPS[ARGV[1]], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local token, maxStarts, delay, usesAttempt, ttl = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1', tonumber(ARGV[11])
local seen = ARGV[12]
local FIELDS_AT = 13
local stream, events, retries, deadlines, dead, leaving = KEYS[2], KEYS[3], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local source = SOURCE[group]
local name = source .. ':' .. entry

-- Fence: does the worker still own the entry?
local claim = pending(stream, group, entry)
if not claim then return { 'stale' } end
if claim[2] ~= consumer then return { 'fenced' } end

local at = milliseconds()
local order = load(KEYS[1], id)

local function park(reason)
  bury(dead, stream, source, group, entry, reason, claim[4], id, at)
  if order then dismiss(order, name, leaving, at, ttl) end
end

-- Compare: is the order where the entry says?
if not order then
  if step.begins then park('UNKNOWN_ORDER') end
  return commit({ 'unknown' })
end
local ahead = order.round > round or (order.round == round and group == 'router' and STAGE[order.state] == 'executor')
if FINAL[order.state] or ahead then
  write('XACK', stream, group, entry)
  dismiss(order, name, leaving, at, ttl)
  return commit({ 'duplicate' })
end
if order.round < round or STAGE[order.state] ~= group then
  if step.begins then park(order.round < round and 'WRONG_ATTEMPT' or 'WRONG_STATE') end
  return commit({ 'conflict' })
end

local function finish()
  write('XACK', stream, group, entry)
  if order.entry == name then order.entry = '' end
end

-- What a worker needs to begin or resume: the hash as it was before this step, and the events of this step.
local function answer(outcome)
  return commit({ outcome, order.state, integer(order.attempt), redis.call('HGETALL', KEYS[1]), table.concat(order.lines, '\n'), integer(at) })
end

-- If the order fails in this step, the caller's reason is more exact than the deadline's.
local fails = step.to == 'failed'
if order.deadline ~= '' and at > tonumber(order.deadline) and STEPS.miss.from[order.state] and not fails then
  failNow(order, at, deadlines, 'DEADLINE_EXCEEDED')
  finish()
  save(order, events)
  return commit({ 'ended', 'DEADLINE_EXCEEDED', integer(at) })
end

if step.begins then
  -- Each delivery counts as one start. If the last token counted is this one, the caller asks again after a lost reply. A usual first start is not
  -- written; so a later delivery takes it as made.
  local stage, counted, starts, last = string.match(order.starts, '^(%a+):(%d+):(%d+):(.*)$')
  if stage ~= group or tonumber(counted) ~= round then starts, last = claim[4] > 1 and 1 or 0, '' end
  if last ~= token then
    starts = tonumber(starts) + 1
    if starts > maxStarts then
      local inDoubt = order.state == 'submitted'
      if not inDoubt then failNow(order, at, deadlines, 'POISONED') end
      bury(dead, stream, source, group, entry, inDoubt and 'IN_DOUBT' or 'POISONED', claim[4], id, at)
      if order.entry == name then order.entry = '' end
      save(order, events)
      return commit({ 'ended', inDoubt and 'IN_DOUBT' or 'POISONED', integer(at) })
    end
    set(order, 'd', group .. ':' .. round .. ':' .. starts .. ':' .. token)
  end
end

if not step.from[order.state] then
  if step.begins then
    save(order, events)
    return answer('again')
  end
  if step.to == order.state then return answer('again') end
  return { 'conflict' }
end
-- Another worker may have submitted meanwhile, with another entry of the same round. A worker that gives up an attempt that was not submitted must
-- not give up that transaction with it.
if seen ~= '' and seen ~= order.state then return { 'conflict' } end

-- Move on.
local before = order.state
order.state = step.to
local eventsAt = FIELDS_AT + 1 + 2 * tonumber(ARGV[FIELDS_AT])
for index = FIELDS_AT + 1, eventsAt - 2, 2 do
  set(order, ARGV[index], ARGV[index + 1])
  if ARGV[index] == 'l' then order.remark = ARGV[index + 1] end
end
local sheetsAt = eventsAt + 1 + 4 * tonumber(ARGV[eventsAt])
for index = eventsAt + 1, sheetsAt - 4, 4 do
  local kind, progress, message = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local status = kind == 'execution-failed' and STATUS[before] or kind == 'retry-pending' and STATUS[order.state] or kind
  message = string.gsub(message, '{dex}', (string.gsub(order.venues, '%%', '%%%%')))
  event(order, at, kind, progress ~= '' and progress or nil, message, ARGV[index + 3], status)
end

if step.finishes then finish() end
if step.startsOver then
  order.round = order.round + 1
  if usesAttempt then order.attempt = order.attempt + 1 end
  set(order, 't', '')
  -- An order that waits for its price again has all its attempts before it, and is in no hurry: what has no deadline may have an end.
  if not step.handsOn then
    order.attempt = 1
    if order.expiry ~= '' then write('ZADD', deadlines, order.expiry, id) end
  end
  order.entry = RETRIES .. ':' .. (step.handsOn or WAITS) .. ':' .. integer(delay)
  write('ZADD', retries, integer(at + delay), retryOf(order))
  -- `sweep` removes a submitted order from the deadlines, so the order is added again.
  if order.deadline ~= '' then write('ZADD', deadlines, order.deadline, id) end
elseif step.handsOn then
  local onward = add(KEYS[4], 'id', id, 'round', order.round)
  order.entry = function() return step.handsOn .. ':' .. onward() end
elseif FINAL[order.state] and order.deadline ~= '' then
  write('ZREM', deadlines, id)
end
save(order, events)
settlePair(order, at)
for first = sheetsAt + 1, #ARGV, SHEET do
  local sheet = sheetAt(first, order.user, order.account)
  create(headOf(order), sheet, at, ARGV[sheetsAt])
  if order.account ~= '' then write('ZADD', openOf(order), integer(at), sheet.id) end
end
if step.begins then return answer('ok') end
return commit({ 'ok', order.seq, integer(at) })
