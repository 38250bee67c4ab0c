-- Where entries of a stream wait: its length, and of each group what it has not been given and what it has not finished.
-- Where Redis does not know what a group has not been given, no more than `max` are counted: it may be a million, and each is copied whole for that.
-- KEYS: stream   ARGV: max
-- Answers {now, length, entries added, {{group, lag, whether that is all (1 or 0), pending, oldest waiting id, oldest pending id,
-- entries read or -1, consumers that Redis knows, no more than this many have not been given}, ...}}
local at = serverTime()
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then return { integer(at), 0, 0, {} } end
local stream = named(info)
local groups = {}
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = named(row)
  local last, read = group['last-delivered-id'], group['entries-read'] or -1
  local lag, whole, bound = group.lag, 1, group.lag
  if not lag then
    lag = #redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', ARGV[1])
    whole = lag < tonumber(ARGV[1]) and 1 or 0
    bound = math.min(stream.length, read >= 0 and stream['entries-added'] - read or stream.length)
    if whole == 1 then bound = lag end
  end
  local waiting = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)
  local oldest = group.pending > 0 and redis.call('XPENDING', KEYS[1], group.name)[2] or ''
  groups[#groups + 1] = {
    group.name, lag, whole, group.pending, waiting[1] and waiting[1][1] or '', oldest, read, group.consumers, math.max(lag, bound),
  }
end
return { integer(at), stream.length, stream['entries-added'], groups }
