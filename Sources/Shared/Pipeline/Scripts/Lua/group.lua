-- Makes a group, and its stream, where it is missing. Answers whether it was. A plain XGROUP CREATE is refused at maxmemory before it looks.
-- KEYS: stream   ARGV: group
local reply = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if not reply.err then return 1 end
if string.find(reply.err, 'BUSYGROUP', 1, true) then return 0 end
return reply
