-- Counts a page of what a group has not been given, the newest first; with the last page tells Redis, whose figure is wrong after a restart from its
-- append-only file. Backwards, because what is delivered or trimmed meanwhile lies at the other end.
-- KEYS: stream   ARGV: group, entries of a page, where to go on ('+' to begin), counted so far, entries added when it began ('' to begin)
-- Answers {'more', where to go on, counted, entries added}, {'done'}, {'again'} where the group has come to what was counted, or {'gone'}
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
local group = groupOf(KEYS[1], ARGV[1])
if info.err or not group then return { 'gone' } end
local page, last = tonumber(ARGV[2]), group['last-delivered-id']
if ARGV[3] ~= '+' and not olderID(last, string.sub(ARGV[3], 2)) then return { 'again' } end
local added = ARGV[5] ~= '' and tonumber(ARGV[5]) or named(info)['entries-added']
local found = redis.call('XREVRANGE', KEYS[1], ARGV[3], '(' .. last, 'COUNT', page)
local counted = tonumber(ARGV[4]) + #found
if #found == page then return { 'more', '(' .. found[#found][1], integer(counted), integer(added) } end
redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], last, 'ENTRIESREAD', integer(added - counted))
return { 'done' }
