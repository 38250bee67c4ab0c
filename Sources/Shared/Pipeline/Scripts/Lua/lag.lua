-- How many entries of a stream wait: its length, and for each group the entries that it has not been given and those that it has not finished.
-- If Redis does not know the lag of a group, the script counts at most `max` entries: there may be a million, and XRANGE copies each of them whole.
-- KEYS: stream   ARGV: max
-- Answers {now, length, entries added, {{group, lag, whether the lag is complete (1 or 0), pending, oldest waiting id, oldest pending id,
-- entries read or -1, number of consumers, an upper bound of the lag}, ...}}
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
