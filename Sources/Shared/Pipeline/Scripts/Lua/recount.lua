-- Counts one page of the entries that a group has not been given, newest first. With the last page it corrects Redis' figure, which is wrong after a
-- restart from the append-only file. It counts backwards, because entries are delivered and trimmed at the other end meanwhile.
-- KEYS: stream
-- ARGV: group, entries of a page, where to go on ('+' to begin), counted so far, entries added when the count began ('' to begin)
-- Answers {'more', where to go on, counted, entries added}, {'done'}, {'again'} if the group has come to the counted entries, or {'gone'}
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
