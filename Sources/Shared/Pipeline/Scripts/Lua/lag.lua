-- Where entries of a stream wait: its length, and of each group what it has not been given and what it has not finished.
-- KEYS: stream
-- Answers {now, length, entries added, {{group, lag, whether Redis knew it (1 or 0), pending, oldest waiting id, oldest pending id,
-- entries read or -1, consumers that Redis knows}, ...}}
local at = serverTime()
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then return { integer(at), 0, 0, {} } end
local stream = {}
for index = 1, #info, 2 do stream[info[index]] = info[index + 1] end
local groups = {}
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for index = 1, #row, 2 do group[row[index]] = row[index + 1] end
  local last = group['last-delivered-id']
  local lag, known = group.lag, 1
  if not lag then
    lag, known = 0, 0
    local from = '(' .. last
    repeat
      local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1000)
      lag = lag + #page
      if #page > 0 then from = '(' .. page[#page][1] end
    until #page < 1000
  end
  local waiting = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)
  local oldest = group.pending > 0 and redis.call('XPENDING', KEYS[1], group.name)[2] or ''
  groups[#groups + 1] = {
    group.name, lag, known, group.pending, waiting[1] and waiting[1][1] or '', oldest, group['entries-read'] or -1,
    group.consumers,
  }
end
return { integer(at), stream.length, stream['entries-added'], groups }
